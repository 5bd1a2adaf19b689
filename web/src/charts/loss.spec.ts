import { expect, test } from 'vitest'
import { bestAtEnd, bestPoint, lossPoints } from './loss'

const entry = (epoch: number, train_loss: unknown, val_loss: unknown) => ({ epoch, phase: 'train', timestamp: '', train_loss, val_loss })

test('an epoch that was trained again after a resume counts once, with its last losses', () => {
  const points = lossPoints([entry(1, 3, 3), entry(2, 2, 2), entry(2, 1.5, 1.8)])
  expect(points).toEqual([
    { epoch: 1, train: 3, validation: 3 },
    { epoch: 2, train: 1.5, validation: 1.8 },
  ])
})

test('a loss that is not finite is a gap', () => {
  expect(lossPoints([entry(1, 'NaN', 2), entry(2, 'Infinity', 'NaN')])).toEqual([{ epoch: 1, train: null, validation: 2 }])
})

test('the best is the lowest validation loss, the earliest of equals', () => {
  expect(bestPoint(lossPoints([entry(1, 1, 3), entry(2, 1, 2), entry(3, 1, 2)]))?.epoch).toBe(2)
  expect(bestPoint([])).toBeUndefined()
})

test('in early epochs and near the end the best is told with the name of its line, so that no words overlap', () => {
  const points = lossPoints([entry(1, 3, 3), entry(2, 2, 1), entry(3, 1.5, 1.8)])
  expect(bestAtEnd(points, 50)).toBe(true)
  expect(bestAtEnd(points, 3)).toBe(false)
  expect(bestAtEnd(lossPoints([entry(1, 3, 3), entry(2, 2, 1)]), null)).toBe(true)
  expect(bestAtEnd(lossPoints([entry(1, 3, null)]), 50)).toBe(false)
})
