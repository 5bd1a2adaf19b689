import { expect, test } from 'vitest'
import { aboutOf, changedFirst, differing, guardOf, isAlias, lineOf, plain, tally, telling, versionOf } from './versions'

test('the address of a version is its line and its number', () => {
  expect(lineOf('global/all/sum/lstm/v12')).toBe('global/all/sum/lstm')
  expect(versionOf('global/all/sum/lstm/v12')).toBe('v12')
})

test('a version that says nothing of itself is about its line', () => {
  const address = 'product/P1_all/lstm/v1'
  expect(aboutOf({ address, description: 'lstm · product' })).toBe('lstm · product')
  expect([aboutOf({ address, description: address }), aboutOf({ address, description: null })]).toEqual(['product/P1_all/lstm', 'product/P1_all/lstm'])
})

test('aliases are short names that are not taken', () => {
  expect(['production', 'eu-west_2', 'v', 'version7', '7'].filter(isAlias)).toHaveLength(5)
  expect(['', 'best', 'latest', 'v7', 'Production', 'a b', 'ä', 'x'.repeat(65), 'a/b'].filter(isAlias)).toEqual([])
})

test('a reason is told from what it is about, and one that is not known keeps its words', () => {
  expect(guardOf('best')).toEqual({ code: 'best', value: '' })
  expect(guardOf('alias:production')).toEqual({ code: 'alias', value: 'production' })
  expect(guardOf('forecast:3')).toEqual({ code: 'forecast', value: '3' })
  expect(guardOf('locked:by law')).toEqual({ code: 'other', value: 'locked:by law' })
})

test('what differs comes first, and keeps its order', () => {
  const rows = [{ name: 'a', changed: false }, { name: 'b', changed: true }, { name: 'c', changed: true }]
  expect(changedFirst(rows).map(({ name }) => name)).toEqual(['b', 'c', 'a'])
})

test('equal metrics count for neither side', () => {
  const of = (name: string, better: 'a' | 'b' | null) => ({ name, better })
  expect(tally([of('mae', 'a'), of('wape', 'b'), of('own', 'b'), of('r2', null), of('points', null)])).toEqual({ a: 1, b: 2, of: 4 })
})

test('metrics that people know come first; another is told only where it differs', () => {
  const of = (name: string, difference: number | null) => ({ name, difference })
  const told = telling([of('points', 0), of('mase_left_out', 3), of('r2', 0), of('wape', 0.1), of('new', null)])
  expect(told.map(({ name }) => name)).toEqual(['wape', 'r2', 'mase_left_out', 'new'])
})

test('files that are the same are only counted', () => {
  const file = (path: string, status: 'same' | 'changed' | 'added' | 'removed') => ({ path, status, a_size: 1, b_size: 1 })
  const { changed, same } = differing([file('a', 'same'), file('b', 'changed'), file('c', 'added'), file('d', 'same')])
  expect(changed.map(({ path }) => path)).toEqual(['b', 'c'])
  expect(same).toBe(2)
})

test('values are written as they are, nothing as a dash', () => {
  expect([0, false, null, undefined, '', [1, 2], { a: 1 }].map(plain)).toEqual(['0', 'false', '–', '–', '–', '[1,2]', '{"a":1}'])
})
