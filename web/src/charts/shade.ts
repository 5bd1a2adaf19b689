/** A colour between two of the form `#rrggbb`; `share` 0 is the first. */
export function between(one: string, other: string, share: number): string {
  const parts = (colour: string) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
  const [from, to] = [parts(one), parts(other)]
  const mixed = from.map((part, index) => Math.round(part + (to[index]! - part) * Math.min(1, Math.max(0, share))))
  return `#${mixed.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}

/** Where a value lies between the least and the most of all, from 0 to 1; a half where all are the same. */
export function shareOf(values: (number | null)[]): (value: number) => number {
  const given = values.filter((value) => value !== null)
  const low = Math.min(...given)
  const range = Math.max(...given) - low
  return (value) => (range > 0 ? (value - low) / range : 0.5)
}
