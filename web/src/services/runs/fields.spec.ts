import { describe, expect, test } from 'vitest'
import { bestOf, fieldOf, lowerIsBetter, valueOf, written } from './fields'
import type { Run } from './types'

describe('a field', () => {
  test('of a group keeps all that stands behind the first dot', () => {
    expect(fieldOf('params.model.depth')).toEqual({ kind: 'params', key: 'model.depth' })
    expect(fieldOf('metrics.val loss')).toEqual({ kind: 'metrics', key: 'val loss' })
    expect(fieldOf('status')).toEqual({ kind: 'field', key: 'status' })
  })

  test('is quoted in a filter where its key has other signs', () => {
    expect(written('metrics.val/loss')).toBe('metrics.val/loss')
    expect(written('metrics.val loss')).toBe('metrics."val loss"')
    expect(written('tags.a"b')).toBe('tags."a\\"b"')
  })

  test('is read from a run by the name of its column', () => {
    const run = { created_at: '2026-11-01', duration_seconds: 3, params: { lr: 0.1 }, metrics: {}, tags: {} } as unknown as Run
    expect([valueOf(run, 'created'), valueOf(run, 'duration'), valueOf(run, 'params.lr'), valueOf(run, 'metrics.wape')]).toEqual(['2026-11-01', 3, 0.1, undefined])
  })
})

describe('the best value', () => {
  test.each([
    ['val_loss', true], ['wape', true], ['test/rmse', true], ['accuracy', false], ['val/f1', false], ['r2', false], ['roc_auc', false], ['lr', undefined], ['epoch', undefined], ['mase_season', undefined], ['mape_left_out', undefined], ['mAP50', false], ['tokens_per_second', false], ['success_rate', false], ['error_rate', true], ['trainLoss', true],
  ])('of %s: lower is better is %s', (name, lower) => {
    expect(lowerIsBetter(name)).toBe(lower)
  })

  test('is told only where there is a choice and a direction', () => {
    expect(bestOf('loss', [0.4, null, 0.2, undefined])).toBe(0.2)
    expect(bestOf('accuracy', [0.4, 0.9])).toBe(0.9)
    expect(bestOf('loss', [0.4, null])).toBeUndefined()
    expect(bestOf('lr', [0.4, 0.3])).toBeUndefined()
  })
})
