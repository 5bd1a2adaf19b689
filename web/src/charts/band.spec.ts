import { expect, test } from 'vitest'
import { bandSeries, boundsAt } from './band'
import { timeOf } from './base'

const dates = ['2024-08-01', '2024-08-02']
const narrow = { level: 80, lower: [8, -2], upper: [12, 3] }
const wide = { level: 95, lower: [5, null], upper: [15, 6] }
type Line = { name: string; stack: string; data: [number, number | null][]; areaStyle?: object }
const lines = (days = dates) => bandSeries([narrow, wide], days, '#123456') as Line[]

test('the widest interval is drawn first, so that the narrower one lies on it', () => {
  expect(lines().map(({ name }) => name)).toEqual(['lower-95', 'width-95', 'lower-80', 'width-80'])
})

test('a band is its width on its lower bound, which may be negative', () => {
  const [, , lower, width] = lines()
  expect(lower!.data).toEqual([[timeOf(dates[0]!), 8], [timeOf(dates[1]!), -2]])
  expect(width!.data.map(([, value]) => value)).toEqual([4, 5])
  expect(lower!.stack).toBe(width!.stack)
  expect(lower!.areaStyle).toBeUndefined()
})

test('a day without both bounds is a gap', () => {
  const [lower, width] = lines()
  expect(lower!.data[1]![1]).toBeNull()
  expect(width!.data[1]![1]).toBeNull()
})

test('the band of a single day has a width that can be seen', () => {
  const [lower] = lines(['2024-08-01'])
  expect(lower!.data.map(([time]) => (time - timeOf('2024-08-01')) / 3_600_000)).toEqual([-6, 6])
  expect(lower!.data.map(([, value]) => value)).toEqual([5, 5])
})

test('the bounds of a day are read from the narrowest to the widest', () => {
  expect(boundsAt([wide, narrow], 1)).toEqual([{ level: 80, lower: -2, upper: 3 }, { level: 95, lower: null, upper: 6 }])
  expect(boundsAt([], 0)).toEqual([])
})
