import type { Dataset } from './types'

/** What is known of the future, as the editor holds it: one line a day, one cell a covariate, as typed. */
export interface FutureDay {
  date: string
  cells: Record<string, string>
}

export interface FutureRow {
  date: string
  [column: string]: string | number
}

const DAY = 86_400_000

/** `count` days from the one after `last`. */
export function daysAfter(last: string, count: number): string[] {
  const start = Date.parse(`${last.slice(0, 10)}T00:00Z`)
  return Array.from({ length: count }, (_, day) => new Date(start + (day + 1) * DAY).toISOString().slice(0, 10))
}

/** 0 for Monday; 1970-01-01 was a Thursday. */
export const weekdayOf = (date: string) => (Math.floor(Date.parse(`${date}T00:00Z`) / DAY) + 3) % 7

/** Of each covariate that is text the texts that the model knows; the empty one among them is the ordinary day. */
export type Categories = Record<string, string[]>

export const isNumber = (text: string) => text.trim() !== '' && Number.isFinite(Number(text))

/** The last day whose covariates the dataset itself holds, after the last that it has values of. */
export function plannedUntil({ audit }: Pick<Dataset, 'audit'>): string | undefined {
  const day = audit.findings.find(({ code }) => code === 'planned')?.examples?.[0]
  return typeof day === 'string' ? day : undefined
}

/** Whether a cell says something: a number, or of a covariate that is text any text. */
export const isStated = (cell: string | undefined, texts?: string[]) =>
  texts ? !!cell?.trim() || texts.includes('') : isNumber(cell ?? '')

/** The rows that the server takes; a covariate without a value is left out, and the server says what it lacks. */
export function toRows(days: FutureDay[], columns: string[], categories: Categories = {}): FutureRow[] {
  return days
    .map(({ date, cells }) => {
      const given = columns.filter((column) => isStated(cells[column], categories[column]))
      const value = (column: string) => (categories[column] ? (cells[column] ?? '').trim() : Number(cells[column]))
      return { date, ...Object.fromEntries(given.map((column) => [column, value(column)])) }
    })
    .filter((row) => Object.keys(row).length > 1)
}

/** A block copied from a spreadsheet: lines of cells apart by tabs, commas or semicolons. */
export function pasted(text: string): string[][] {
  const lines = text.replace(/\r\n?/g, '\n').replace(/\n$/, '').split('\n')
  const separator = text.includes('\t') ? '\t' : text.includes(';') ? ';' : ','
  return lines.map((line) => line.split(separator).map((cell) => cell.trim()))
}

/** A table with a head that has a date column; covariates are numbers but for those that are text. */
export function parseTable(text: string, columns: string[], categories: Categories = {}): { rows: FutureRow[]; wrong?: { line: number; got: string } } {
  const [head = [], ...lines] = pasted(text.trim())
  const rows: FutureRow[] = []
  const numeric = columns.filter((column) => !categories[column])
  if (!head.includes('date')) return { rows, wrong: { line: 1, got: head.join(',') } }
  for (const [index, cells] of lines.entries()) {
    const row: FutureRow = { date: '' }
    for (const [place, name] of head.entries()) {
      const cell = cells[place] ?? ''
      if (cell === '') continue
      if (numeric.includes(name) && !isNumber(cell)) return { rows, wrong: { line: index + 2, got: cell } }
      row[name] = numeric.includes(name) ? Number(cell) : cell
    }
    if (!/^\d{4}-\d{2}-\d{2}$/.test(row.date)) return { rows, wrong: { line: index + 2, got: row.date || cells.join(',') } }
    rows.push(row)
  }
  return { rows }
}
