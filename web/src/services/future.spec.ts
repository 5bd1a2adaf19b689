import { expect, test } from 'vitest'
import { daysAfter, parseTable, pasted, toRows, weekdayOf, type FutureDay } from './future'

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
