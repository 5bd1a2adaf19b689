import { expect, test } from 'vitest'
import { progressShare } from './progress'

const progress = { status: 'training', epoch: 3, epochs: 10, step: 5, steps: 10, updated_at: '2024-01-01T00:00:00Z' }

test('the share counts the epochs that are over and the steps of this one', () => {
  expect(progressShare(progress)).toBe(0.25)
  expect(progressShare({ ...progress, epoch: 10, step: 10 })).toBe(1)
  expect(progressShare({ ...progress, epochs: 0 })).toBe(0)
  expect(progressShare(null)).toBe(0)
})
