import { expect, test } from 'vitest'
import { origins, seasonOf, sorted, turned } from './backtest'
import type { SeriesResult } from './types'

const row = (series: string, wape: number | null): SeriesResult =>
  ({ series, product_id: 'P1', store_id: series, wape, mae: 1, baseline_wape: 0.2, skill: null, points: 28 })
const rows = [row('S10', 0.1), row('S2', null), row('S1', 0.3)]

test('the worst series come first and those without a value last, in either direction', () => {
  expect(sorted(rows, { key: 'wape', down: true }).map(({ series }) => series)).toEqual(['S1', 'S10', 'S2'])
  expect(sorted(rows, { key: 'wape', down: false }).map(({ series }) => series)).toEqual(['S10', 'S1', 'S2'])
})

test('names are sorted by the numbers in them', () => {
  expect(sorted(rows, { key: 'series', down: false }).map(({ series }) => series)).toEqual(['S1', 'S2', 'S10'])
})

test('a second click on a column turns it around; a first one shows what is worst, or names from A', () => {
  expect(turned({ key: 'wape', down: true }, 'wape')).toEqual({ key: 'wape', down: false })
  expect(turned({ key: 'wape', down: true }, 'mae')).toEqual({ key: 'mae', down: true })
  expect(turned({ key: 'wape', down: true }, 'skill')).toEqual({ key: 'skill', down: false })
  expect(turned({ key: 'wape', down: true }, 'series')).toEqual({ key: 'series', down: false })
})

test('folds go back from the end of the data by the stride', () => {
  expect(origins('2024-12-31', 28, 1, null)).toEqual(['2024-12-04'])
  expect(origins('2024-12-31', 28, 3, null)).toEqual(['2024-10-09', '2024-11-06', '2024-12-04'])
  expect(origins('2024-12-31', 28, 2, 7)).toEqual(['2024-11-27', '2024-12-04'])
})

test('a naive forecast is known by its season', () => {
  expect(seasonOf('seasonal_naive_14')).toBe('14')
})
