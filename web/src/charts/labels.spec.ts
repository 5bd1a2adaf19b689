import { expect, test } from 'vitest'
import { apart } from './labels'

test('names that are far apart stay where they are', () => {
  expect(apart([1, 0], 0, 1, 200)).toEqual([0, 0])
})

test('names that would cover each other give way by half each, the higher one upwards', () => {
  expect(apart([0.5, 0.5], 0, 1, 200)).toEqual([-7.5, 7.5])
  const [lower, higher] = apart([0.5, 0.55], 0, 1, 200)
  expect(lower).toBeCloseTo(2.5)
  expect(higher).toBeCloseTo(-2.5)
})

test('a line without an end takes no room', () => {
  expect(apart([null, 0.5, 0.5], 0, 1, 200)).toEqual([0, -7.5, 7.5])
})

test('three names in one place are each a line apart', () => {
  const [one, two, three] = apart([0.5, 0.5, 0.5], 0, 1, 200)
  expect(two! - one!).toBeGreaterThan(11)
  expect(three! - two!).toBeGreaterThan(11)
})
