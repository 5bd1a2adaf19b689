import { expect, test } from 'vitest'
import { bestPoint, lossPoints } from './loss'

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
