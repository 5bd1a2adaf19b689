import { expect, test } from 'vitest'
import { limit, pageOf, secondsLeft, totalOf } from './storage'

test('what takes space leads to its page, with the signs in its name escaped', () => {
  expect(pageOf('version', 'product/P 1_all/lstm/v1')).toBe('/models/product/P%201_all/lstm/v1')
  expect(pageOf('run', 'a/b')).toBe('/runs/a%2Fb')
  expect(pageOf('files', '模型/v1')).toBe(`/files/${encodeURIComponent('模型')}`)
  expect(pageOf('cache', 'charts')).toBeUndefined()
})

test('the total of a plan is that of its kinds', () => {
  const summary = [
    { kind: 'version' as const, going: 12, going_bytes: 100, kept: 3, kept_bytes: 30 },
    { kind: 'forecast' as const, going: 340, going_bytes: 20, kept: 5, kept_bytes: 1 },
  ]
  expect(totalOf(summary)).toEqual({ going: 352, going_bytes: 120, kept: 8, kept_bytes: 31 })
  expect(totalOf([])).toEqual({ going: 0, going_bytes: 0, kept: 0, kept_bytes: 0 })
})

test('a limit is a whole number from 0, or none', () => {
  expect(['30', ' 0 ', ''].map(limit)).toEqual([30, 0, null])
  expect(['-1', '1.5', 'ten', '1e3', '9999999999'].map(limit)).toEqual([undefined, undefined, undefined, undefined, undefined])
})

test('the time left follows the pace since the first look', () => {
  expect(secondsLeft({ at: 1000, done: 10 }, { at: 3000, done: 20 }, 60)).toBe(8)
  expect(secondsLeft({ at: 1000, done: 0 }, { at: 2000, done: 40 }, 40)).toBe(0)
})

test('nobody can tell the time left before something was done', () => {
  expect(secondsLeft({ at: 1000, done: 10 }, { at: 3000, done: 10 }, 60)).toBeUndefined()
  expect(secondsLeft({ at: 1000, done: 10 }, { at: 1000, done: 10 }, 60)).toBeUndefined()
})
