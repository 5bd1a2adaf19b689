import type { Interval } from '@/services/types'
import { timeOf } from './base'

const HOUR = 3_600_000
export const BAND = 0.16 // opacity; where a narrower interval lies in a wider one it is darker by itself

/** The intervals from the widest to the narrowest: the order in which they are drawn. */
export const widestFirst = (intervals: Interval[]) => [...intervals].sort((one, other) => other.level - one.level)

/**
 * For each interval two stacked lines that are not seen: its lower bound, and on it the width, filled.
 * One single day becomes a block of twelve hours.
 */
export function bandSeries(intervals: Interval[], dates: string[], colour: string): object[] {
  const times = dates.length === 1 ? [timeOf(dates[0]!) - 6 * HOUR, timeOf(dates[0]!) + 6 * HOUR] : dates.map(timeOf)
  const day = (index: number) => Math.min(index, dates.length - 1)
  return widestFirst(intervals).flatMap(({ level, lower, upper }) => {
    const line = (name: string, value: (day: number) => number | null, filled: boolean) => ({
      name,
      type: 'line',
      stack: `interval-${level}`,
      stackStrategy: 'all', // a lower bound may be negative
      data: times.map((time, index) => [time, value(day(index))]),
      symbol: 'none',
      silent: true,
      lineStyle: { width: 0 },
      areaStyle: filled ? { color: colour, opacity: BAND } : undefined,
      emphasis: { disabled: true },
      z: 1,
    })
    const width = (at: number) => (lower[at] == null || upper[at] == null ? null : upper[at] - lower[at])
    return [line(`lower-${level}`, (at) => (width(at) === null ? null : lower[at]!), false), line(`width-${level}`, width, true)]
  })
}

/** The narrowest first, as rows beside the prediction. */
export const boundsAt = (intervals: Interval[], day: number) =>
  widestFirst(intervals).reverse().map(({ level, lower, upper }) => ({ level, lower: lower[day] ?? null, upper: upper[day] ?? null }))
