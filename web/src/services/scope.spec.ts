import { expect, test } from 'vitest'
import { covers, scopeName } from './scope'
import type { Model } from './types'

const spec = { training_mode: 'product' as const, product_ids: ['P001'], store_ids: [] as string[], aggregation_method: null }

test.each([
  [spec, 'P001_all'],
  [{ ...spec, store_ids: ['S002', 'S001'] }, 'P001_specific_S001_S002'],
  [{ ...spec, training_mode: 'store' as const, store_ids: ['S001'], product_ids: [] }, 'S001_all'],
  [{ ...spec, training_mode: 'global' as const, product_ids: [] }, 'all'],
  [{ ...spec, training_mode: 'global' as const, store_ids: ['S001'] }, 'stores/S001/products/P001'],
])('a scope is named as the server names it', (given, name) => {
  expect(scopeName(given)).toBe(name)
})

test('a name that only the server can make is left to it', () => {
  expect(scopeName({ ...spec, product_ids: ['P 1/2'] })).toBeUndefined()
  expect(scopeName({ ...spec, store_ids: Array.from({ length: 40 }, (_, n) => `S${n}`) })).toBeUndefined()
})

test('a version covers the same scope only, in global mode aggregated the same way', () => {
  const model = { training_mode: 'product', scope: 'P001_all', product_id: 'P001', aggregation_method: null } as Model
  expect(covers(model, spec)).toBe(true)
  expect(covers(model, { ...spec, store_ids: ['S001'] })).toBe(false)
  expect(covers({ ...model, training_mode: 'store' }, spec)).toBe(false)
  const all = { training_mode: 'global', scope: 'all', aggregation_method: 'sum' } as Model
  const whole = { ...spec, training_mode: 'global' as const, product_ids: [] }
  expect(covers(all, { ...whole, aggregation_method: 'sum' })).toBe(true)
  expect(covers(all, { ...whole, aggregation_method: 'mean' })).toBe(false)
})
