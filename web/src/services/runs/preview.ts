/** How a file of a run can be looked at in the page. */
export type Preview = 'image' | 'table' | 'json' | 'text' | 'none'

const TEXT = /\.(txt|log|md|csv|tsv|ya?ml|toml|py|patch|diff|ini|cfg)$/i
const LARGEST = 1_000_000 // bytes that are read as text

export function previewOf({ path, size }: { path: string; size: number }): Preview {
  if (/\.png$/i.test(path)) return 'image'
  if (size > LARGEST) return 'none'
  if (/^tables\/.+\.json$/i.test(path)) return 'table'
  if (/\.json$/i.test(path)) return 'json'
  return TEXT.test(path) ? 'text' : 'none'
}

export interface Table {
  columns: string[]
  rows: unknown[][]
}

/** A table as runs log it; undefined for any other JSON. */
export function tableOf(value: unknown): Table | undefined {
  const table = value as Partial<Table> | null
  const fits = Array.isArray(table?.columns) && Array.isArray(table.rows) && table.rows.every(Array.isArray)
  return fits ? { columns: table!.columns!.map(String), rows: table!.rows! } : undefined
}

/** JSON in lines; what is not whole stays as it is. */
export function tidy(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
