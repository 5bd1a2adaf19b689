import type { SeriesResult } from './types'

export type SortKey = keyof Pick<SeriesResult, 'series' | 'wape' | 'baseline_wape' | 'skill' | 'mae' | 'points'>
export interface Sorting {
  key: SortKey
  down: boolean
}

/** The order of the rows; what has no value comes last in either direction. */
export function sorted(rows: SeriesResult[], { key, down }: Sorting): SeriesResult[] {
  const way = down ? -1 : 1
  return [...rows].sort((one, other) => {
    const [left, right] = [one[key], other[key]]
    if (left === null || right === null) return Number(left === null) - Number(right === null)
    if (typeof left === 'string' || typeof right === 'string') return way * NATURAL.compare(String(left), String(right))
    return way * (left - right)
  })
}
const NATURAL = new Intl.Collator(undefined, { numeric: true })

/** The other direction of the same column; of another the one in which it is asked for: worst first, names from A. */
export function turned(now: Sorting, key: SortKey): Sorting {
  return now.key === key ? { key, down: !now.down } : { key, down: key !== 'series' && key !== 'skill' }
}

/** The days of the season in the name of a naive forecast: `seasonal_naive_14`. */
export const seasonOf = (name: string) => /\d+/.exec(name)?.[0] ?? name

const DAY = 86_400_000

/** The first day of each fold: the last `testDays` up to `end`, and before them folds `stride` days apart. */
export function origins(end: string, testDays: number, folds: number, stride: number | null): string[] {
  const last = Date.parse(`${end.slice(0, 10)}T00:00Z`) - (testDays - 1) * DAY
  return Array.from({ length: folds }, (_, fold) =>
    new Date(last - (folds - 1 - fold) * (stride ?? testDays) * DAY).toISOString().slice(0, 10),
  )
}
