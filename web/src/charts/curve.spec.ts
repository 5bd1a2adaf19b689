import { expect, test } from 'vitest'
import { curveOption, type CurveLine, type CurveLook } from './curve'
import type { Palette } from './palette'
import { coloursOf } from './runColours'

const palette = new Proxy({}, { get: () => '#123456' }) as Palette
const line: CurveLine = { key: 'a', label: 'a', colour: '#000000', x: [0, 1, 2], y: [1, -1, null] }
const words = { at: String, more: (n: number) => `and ${n} more` }
const option = (look: Partial<CurveLook>, lines = [line]) =>
  curveOption(lines, { axis: 'step', smooth: 0, log: false, ...look }, palette, { number: String, x: String }, words) as {
    series: { id: string; data: unknown[] }[]; xAxis: { min: unknown; max: unknown }; tooltip: { formatter: (params: unknown) => string }
  }

test('a line is drawn as it was measured; smoothed, with that faint behind it', () => {
  expect(option({}).series.map(({ id }) => id)).toEqual(['line-0'])
  expect(option({ smooth: 0.5 }).series.map(({ id }) => id)).toEqual(['raw-0', 'line-0'])
})

test('on a logarithmic axis what is not above zero is a gap, and the tooltip still tells it', () => {
  expect(option({ log: true }).series[0]!.data).toEqual([[0, 1, 1], [1, null, -1], [2, null, null]])
  expect(option({ log: true }).tooltip.formatter([{ seriesId: 'line-0', seriesName: 'a', color: '#000000', data: [1, null, -1] }])).toContain('-1')
})

test('a stretch bounds the axis', () => {
  expect([option({ from: 1, to: 2 }).xAxis.min, option({}).xAxis.max]).toEqual([1, 'dataMax'])
})

test('of many lines the tooltip tells the highest, and how many more there are', () => {
  const params = Array.from({ length: 12 }, (_, index) => ({ seriesId: `line-${index}`, seriesName: `run ${index}`, color: '#000000', data: [1, index, index] }))
  const text = option({}).tooltip.formatter(params)
  expect(text).toContain('run 11')
  expect(text).not.toContain('run 1<')
  expect(text).toContain('and 2 more')
})

test('a name with HTML in it is text', () => {
  expect(option({}).tooltip.formatter([{ seriesId: 'line-0', seriesName: '<b>x</b>', color: '#000000', data: [1, 1, 1] }])).not.toContain('<b>x')
})

test('a run keeps its colour when others come or go, and no two of a few share one', () => {
  const names = Array.from({ length: 8 }, (_, index) => `run_${index}`)
  const all = coloursOf(names, 8)
  expect(new Set(all.values()).size).toBe(8)
  expect(coloursOf([names[0]!], 8).get(names[0]!)).toBe(all.get(names[0]!))
  expect(coloursOf([...names, 'x', 'y'], 8).get(names[3]!)).toBe(all.get(names[3]!))
})
