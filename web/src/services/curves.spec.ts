import { describe, expect, test } from 'vitest'
import { finite, grouped, nameOf, placeOf, smoothed } from './curves'

describe('smoothing', () => {
  test('begins at the first point and follows with its weight', () => {
    expect(smoothed([1, 1, 1], 0.9)).toEqual([1, 1, 1].map((value) => expect.closeTo(value)))
    const [first, second] = smoothed([0, 1], 0.5)
    expect(first).toBe(0)
    expect(second).toBeCloseTo(2 / 3) // 0.5 of 1, over 1 - 0.25
  })

  test('leaves gaps as gaps and goes on behind them', () => {
    const values = smoothed([1, null, 1], 0.8)
    expect(values[1]).toBeNull()
    expect(values[2]).toBeCloseTo(1)
  })

  test('of weight 0 is what was measured', () => {
    const values = [3, null, 5]
    expect(smoothed(values, 0)).toBe(values)
  })
})

test('training and validation of a metric are lines of one figure', () => {
  expect(placeOf('train_loss', 'train')).toEqual({ figure: 'loss', line: 'train' })
  expect(placeOf('val_loss', 'train')).toEqual({ figure: 'loss', line: 'val' })
  expect(placeOf('val/loss', 'train')).toEqual({ figure: 'loss', line: 'val' })
  expect(placeOf('loss', 'val')).toEqual({ figure: 'loss', line: 'val' })
  expect(placeOf('lr', 'train')).toEqual({ figure: 'lr', line: 'train' })
})

test('figures are in the groups of their names, losses first, those without a group before all others', () => {
  const metric = (name: string, phase = 'train') => ({ name, phase })
  const groups = grouped([metric('layer1/norm'), metric('accuracy'), metric('val_loss'), metric('train_loss'), metric('accuracy', 'val'), metric('layer1/loss')])
  expect(groups.map(({ title, figures }) => [title, figures.map((figure) => figure.title)])).toEqual([
    ['', ['loss', 'accuracy']],
    ['layer1', ['layer1/loss', 'layer1/norm']],
  ])
  expect(groups[0]!.figures[1]!.metrics).toEqual([metric('accuracy'), metric('accuracy', 'val')])
})

test('a metric of another phase has the phase before its name', () => {
  expect([nameOf({ name: 'loss', phase: 'train' }), nameOf({ name: 'loss', phase: 'val' })]).toEqual(['loss', 'val/loss'])
})

test('points without a place on the axis are left out', () => {
  expect(finite([1, null, 3], [5, 6, null])).toEqual({ x: [1, 3], y: [5, null] })
})
