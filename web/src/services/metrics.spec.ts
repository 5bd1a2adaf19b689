import { expect, test } from 'vitest'
import { betterBy } from './metrics'

test('a model is measured against the best of the naive forecasts', () => {
  const found = betterBy({ wape: 0.1 }, { seasonal_naive_7: { wape: 0.4 }, seasonal_naive_14: { wape: 0.2 } })
  expect(found).toEqual({ name: 'seasonal_naive_14', percent: 50 })
})

test('where nothing can be compared nothing is said', () => {
  expect(betterBy({ wape: 0.1 }, {})).toBeUndefined()
  expect(betterBy({}, { seasonal_naive_7: { wape: 0.2 } })).toBeUndefined()
})
