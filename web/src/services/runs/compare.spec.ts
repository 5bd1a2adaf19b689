import { describe, expect, test } from 'vitest'
import { bestRun, differs, dimensionsOf, firstMetric, inside, ordered, placeOn, rangeOn, readCompare, readRange, writeRange } from './compare'
import type { Run } from './types'

const run = (run_name: string, params: Run['params'], metrics: Run['metrics']) => ({ run_name, params, metrics, tags: {} }) as unknown as Run
const runs = [run('a', { lr: 0.1, opt: 'adam' }, { wape: 0.2 }), run('b', { lr: 0.01, opt: 'sgd' }, { wape: 0.1 }), run('c', { lr: 0.001 }, {})]

describe('the address', () => {
  test('holds the runs once each, and what is looked at', () => {
    const state = readCompare({ run: ['a', 'b', 'a'], base: 'b', metric: 'wape', all: '1', dim: 'params.lr', within: ['params.lr:0.001~0.01', 'nonsense'] })
    expect(state.runs).toEqual(['a', 'b'])
    expect([state.base, state.metric, state.all, state.dims]).toEqual(['b', 'wape', true, ['params.lr']])
    expect(state.within).toEqual([{ name: 'params.lr', low: 0.001, high: 0.01 }])
  })

  test('gives a range back as it was written, of numbers and of texts with any sign', () => {
    const numbers = { name: 'params.a:b', low: -1e-5, high: 2 }
    expect(readRange(writeRange(numbers))).toEqual(numbers)
    const texts = { name: 'params.opt', low: NaN, high: NaN, values: ['a|b', 'c:d~e'] }
    expect(readRange(writeRange(texts))).toEqual(texts)
  })
})

test('a run lies in a range when its value does; one without the value does not', () => {
  const names = (text: string) => runs.filter((one) => inside(one, [readRange(text)!])).map(({ run_name }) => run_name)
  expect(names('params.lr:0.005~1')).toEqual(['a', 'b'])
  expect(names('params.opt:sgd')).toEqual(['b'])
  expect(names('metrics.wape:0~1')).toEqual(['a', 'b'])
})

test('axes are what differs: numbers, and texts of which there are a few', () => {
  const values = runs.map(({ params }) => params.lr!)
  const many = Array.from({ length: 30 }, (_, index) => `value ${index}`)
  const axes = dimensionsOf({
    params: [
      { name: 'lr', values, changed: true }, { name: 'same', values: [1, 1, 1], changed: false },
      { name: 'opt', values: ['adam', 'sgd', null], changed: true }, { name: 'path', values: many, changed: true },
    ],
    metrics: [{ name: 'wape', values: [0.2, 0.1, null], best: 1, lower_is_better: true }],
  })
  expect(axes.map(({ name }) => name)).toEqual(['params.lr', 'params.opt', 'metrics.wape'])
  expect(axes[1]!.categories).toEqual(['adam', 'sgd'])
  expect([placeOn(axes[1]!, 'sgd'), placeOn(axes[1]!, null), placeOn(axes[0]!, 0.1)]).toEqual([1, null, 0.1])
  expect(rangeOn(axes[1]!, [1.2, 0.6])).toEqual({ name: 'params.opt', low: NaN, high: NaN, values: ['sgd'] })
  expect(rangeOn(axes[0]!, [0.5, 0.123456789])).toEqual({ name: 'params.lr', low: 0.123457, high: 0.5 })
})

test('the best run is told with the one behind it, by what is better of the metric', () => {
  expect(bestRun(runs, 'wape', true)).toMatchObject({ run: { run_name: 'b' }, value: 0.1, second: { run: { run_name: 'a' } } })
  expect(bestRun(runs, 'wape', false)?.run.run_name).toBe('a')
  expect(bestRun(runs, 'nothing', true)).toBeUndefined()
})

test('a difference is a share of the base, and none where there is nothing to divide by', () => {
  expect(differs(0.9, 1)).toBeCloseTo(-0.1)
  expect(differs(-0.5, -1)).toBeCloseTo(0.5)
  expect([differs(1, 0), differs(1, 1), differs(null, 1), differs('a', 1)]).toEqual([undefined, undefined, undefined, undefined])
})

test('runs without the value that they are sorted by come last, whichever way', () => {
  const names = (sort: string) => ordered(runs, sort).map(({ run_name }) => run_name)
  expect(names('metrics.wape')).toEqual(['b', 'a', 'c'])
  expect(names('-metrics.wape')).toEqual(['a', 'b', 'c'])
  expect(names('')).toEqual(['a', 'b', 'c'])
})

test('runs are judged first by what people look at, else by what the most runs have', () => {
  const metric = (name: string, values: (number | null)[]) => ({ name, values, best: null, lower_is_better: true })
  expect(firstMetric([metric('alpha', [1, 1]), metric('val_loss', [1, null])])).toBe('val_loss')
  expect(firstMetric([metric('alpha', [1, null]), metric('beta', [1, 2])])).toBe('beta')
})
