import { expect, test } from 'vitest'
import { isAggregated, openOf } from './model'

test('only series that were made one have shares and means for covariates', () => {
  expect(isAggregated({ aggregation_method: 'mean' })).toBe(true)
  expect(isAggregated({ aggregation_method: 'none' })).toBe(false)
  expect(isAggregated({ aggregation_method: null })).toBe(false)
})

test('the column that says what is open comes from the mapping that the version was trained with', () => {
  expect(openOf({ dataset: { mapping: { open: 'open' } } })).toBe('open')
  expect(openOf({ dataset: { mapping: { open: null } } })).toBeUndefined()
  expect(openOf({ dataset: null })).toBeUndefined()
})
