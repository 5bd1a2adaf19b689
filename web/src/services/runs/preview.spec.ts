import { expect, test } from 'vitest'
import { previewOf, tableOf, tidy } from './preview'
import { parametersOf } from './parameters'

test.each([
  ['figures/loss.png', 10, 'image'], ['tables/errors.json', 10, 'table'], ['config.json', 10, 'json'], ['logs/training.log', 10, 'text'],
  ['logs/training.log', 2_000_000, 'none'], ['model/pytorch_model.bin', 10, 'none'], ['files/page.html', 10, 'none'],
])('%s of %s bytes is looked at as %s', (path, size, kind) => {
  expect(previewOf({ path, size })).toBe(kind)
})

test('only columns and rows make a table', () => {
  expect(tableOf({ columns: ['a'], rows: [[1]] })).toEqual({ columns: ['a'], rows: [[1]] })
  expect([tableOf(null), tableOf([]), tableOf({ columns: ['a'], rows: [1] })]).toEqual([undefined, undefined, undefined])
})

test('JSON that was cut short is shown as it is', () => {
  expect(tidy('{"a":1}')).toBe('{\n  "a": 1\n}')
  expect(tidy('{"a":')).toBe('{"a":')
})

test('parameters that differ from the defaults come first; those of which no default is known are not called changed', () => {
  const schema = { hidden: { type: 'integer' as const, default: 64 }, lr: { type: 'number' as const, default: 0.001 } }
  expect(parametersOf({ seed: 1, hidden: 64, lr: 0.1 }, schema).map(({ name, changed }) => [name, changed])).toEqual([['lr', true], ['hidden', false], ['seed', false]])
  expect(parametersOf({ lr: 0.1 })).toEqual([{ name: 'lr', value: '0.1', standard: undefined, changed: false }])
})
