const TAKEN = 60_000 // milliseconds after which a download has surely begun

/** Hands the user a file that was made here. */
export function save(name: string, content: Blob | string): void {
  const link = document.createElement('a')
  link.download = name
  link.href = typeof content === 'string' ? content : URL.createObjectURL(content)
  link.click()
  if (typeof content !== 'string') setTimeout(() => URL.revokeObjectURL(link.href), TAKEN)
}

/** Rows as CSV; the byte order mark makes Excel read it as UTF-8. */
export function csv(rows: (string | number | null)[][]): Blob {
  const cell = (value: string | number | null) =>
    typeof value === 'string' && /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : String(value ?? '')
  return new Blob(['\ufeff', rows.map((row) => row.map(cell).join(',')).join('\r\n'), '\r\n'], { type: 'text/csv' })
}
