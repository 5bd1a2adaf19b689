import { expect, test } from 'vitest'
import { findArchived, limit, pageOf, reasonOf, secondsLeft, totalOf, type ArchivedItem } from './storage'

test('what takes space leads to its page, with the signs in its name escaped', () => {
  expect(pageOf('version', 'product/P 1_all/lstm/v1')).toBe('/models/product/P%201_all/lstm/v1')
  expect(pageOf('run', 'a/b')).toBe('/runs/a%2Fb')
  expect(pageOf('files', 'churn/2026-10')).toBe('/files/churn?version=2026-10')
  expect(pageOf('files', '模型/v 1&2')).toBe(`/files/${encodeURIComponent('模型')}?version=v%201%262`)
  expect(pageOf('files', 'churn')).toBe('/files/churn')
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

test('a run is found in the archive, on whichever page it stands', async () => {
  const item = (kind: ArchivedItem['kind'], id: string) => ({ kind, id }) as ArchivedItem
  const pages = [{ items: [item('version', 'a')], next: '1' }, { items: [item('run', 'a')], next: '2' }, { items: [item('run', 'b')], next: null }]
  const read = async ({ after }: { after?: string }) => pages[Number(after ?? 0)]!
  expect(await findArchived('run', 'a', read)).toEqual(item('run', 'a'))
  expect(await findArchived('run', 'b', read)).toEqual(item('run', 'b'))
  expect(await findArchived('run', 'c', read)).toBeUndefined()
})

test('where no version is to be kept, the best and the newest of a line stay all the same', () => {
  expect(reasonOf('version', 'beyond_newest', { newest: 0, rank: 2 })).toBe('beyond_best')
  expect(reasonOf('version', 'beyond_newest', { newest: 1, rank: 2 })).toBe('beyond_newest')
  expect(reasonOf('forecast', 'beyond_newest', { newest: 0, rank: 2 })).toBe('beyond_newest')
})
