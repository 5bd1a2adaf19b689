import { expect, test } from 'vitest'
import { bestOf, candidatesOf, isAddress } from './candidates'
import type { Candidate } from './types'

const row = (model_type: string, validation_wape: number | null): Candidate =>
  ({ model_type, validation_wape, seconds: 1, weight: null, note: null })

test('the best is the lowest validation error, the first of equals; one that failed has none', () => {
  expect(bestOf([row('lstm', null), row('tcn', 0.1), row('gru', 0.1), row('ets', 0.2)])?.model_type).toBe('tcn')
  expect(bestOf([row('lstm', null)])).toBeUndefined()
})

test('a version without a table has no candidates', () => {
  expect(candidatesOf({ metadata: {} })).toEqual([])
})

test('members are addresses, what auto tried are algorithms', () => {
  expect(isAddress('product/P001_all/lstm/v1')).toBe(true)
  expect(isAddress('lstm')).toBe(false)
})
