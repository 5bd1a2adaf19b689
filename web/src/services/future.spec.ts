import { expect, test } from 'vitest'
import { daysAfter, isStated, parseTable, pasted, plannedUntil, toRows, weekdayOf, type FutureDay } from './future'
import type { Dataset } from './types'

test('the future begins on the day after the history and crosses a leap day', () => {
  expect(daysAfter('2024-02-27', 3)).toEqual(['2024-02-28', '2024-02-29', '2024-03-01'])
})

test('Monday is 0', () => {
  expect(weekdayOf('2024-07-29')).toBe(0)
  expect(weekdayOf('2024-08-04')).toBe(6)
})

test('an empty cell is left out, so that the server says what it lacks', () => {
  const days: FutureDay[] = [
    { date: '2024-08-01', cells: { promo: '1', open: '' } },
    { date: '2024-08-02', cells: {} },
  ]
  expect(toRows(days, ['promo', 'open'])).toEqual([{ date: '2024-08-01', promo: 1 }])
})

test('a block from a spreadsheet keeps its empty cells', () => {
  expect(pasted('1\t0\r\n\t1\r\n')).toEqual([['1', '0'], ['', '1']])
})

test('ids in a table stay text, covariates become numbers', () => {
  const { rows } = parseTable('date,store_id,promo\n2024-08-01,007,1\n', ['promo'])
  expect(rows).toEqual([{ date: '2024-08-01', store_id: '007', promo: 1 }])
})

test.each([
  ['store_id,promo\n007,1', 1, 'store_id,promo'],
  ['date,promo\n2024-08-01,yes', 2, 'yes'],
  ['date,promo\n2024-08-01,1\n1.8.2024,1', 3, '1.8.2024'],
])('a table that cannot be read is refused with its line: %j', (text, line, got) => {
  expect(parseTable(text, ['promo']).wrong).toEqual({ line, got })
})

test('a covariate that is text takes any text, and where the empty one is ordinary it need not be typed', () => {
  const categories = { holiday: ['', 'a', 'b'], weather: ['sun', 'rain'] }
  expect(isStated('', categories.holiday)).toBe(true)
  expect(isStated(undefined, categories.weather)).toBe(false)
  const days = [{ date: '2024-08-01', cells: { weather: 'snow', promo: '1' } }]
  expect(toRows(days, ['holiday', 'weather', 'promo'], categories)).toEqual([{ date: '2024-08-01', holiday: '', weather: 'snow', promo: 1 }])
  expect(parseTable('date,weather,promo\n2024-08-01,rain,1', ['weather', 'promo'], categories).rows).toEqual([
    { date: '2024-08-01', weather: 'rain', promo: 1 },
  ])
})

test('the data itself may plan the first days to come', () => {
  const audit = { findings: [{ code: 'gap', examples: ['S1'] }, { code: 'planned', examples: ['2024-08-31'] }] }
  expect(plannedUntil({ audit } as unknown as Dataset)).toBe('2024-08-31')
  expect(plannedUntil({ audit: { findings: [] } } as unknown as Dataset)).toBeUndefined()
})
