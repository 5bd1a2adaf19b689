import { expect, test } from 'vitest'
import type { StepResult } from '@/services/types'
import type { Palette } from './palette'
import { coverageOption, errorOption, type StepWriting } from './steps'

const palette = { accent: 'blue', ink2: 'grey', ink3: 'light' } as Palette
const write = { percent: (value: number) => `${Math.round(100 * value)}%`, number: String } as unknown as StepWriting
const words = {
  model: 'Model', naive: 'Naive', mae: 'MAE', bias: 'Bias', level: (level: number) => `${level}%`, step: (n: number) => `Day ${n}`,
  points: (n: number) => `${n} values`,
}
const step = (number: number, wape: number | null): StepResult =>
  ({ step: number, wape, mae: 3, bias: null, points: 10, baseline_wape: 0.2, coverage: { '80': 0.7, '95': null } })
const steps = [step(1, 0.1), step(2, null)]
type Option = { series: { name: string; data: unknown; markLine?: { data: unknown } }[]; tooltip: { formatter: (found: unknown[]) => string }; yAxis: { min: number; max: number } }

test('the error of the model stands beside the naive one, and a step without a value is a gap', () => {
  const option = errorOption(steps, palette, write, words) as unknown as Option
  expect(option.series.map(({ name, data }) => [name, data])).toEqual([
    ['Naive', [[1, 0.2], [2, 0.2]]],
    ['Model', [[1, 0.1], [2, null]]],
  ])
  expect(option.yAxis.min).toBe(0)
})

test('the tooltip tells of a step what is known of it', () => {
  const { tooltip } = errorOption(steps, palette, write, words) as unknown as Option
  const text = tooltip.formatter([{ data: [1, 0.2] }])
  for (const words of ['Day 1', '10%', '20%', '3', '10 values']) expect(text).toContain(words)
  expect(text).not.toContain('Bias')
  expect(tooltip.formatter([])).toBe('')
})

test('each interval is drawn with the share that it promises, and the axis leaves room below', () => {
  const levels = [{ level: 80, nominal: 0.8, observed: 0.7, width: 1, points: 20 }, { level: 95, nominal: 0.95, observed: null, width: null, points: 0 }]
  const option = coverageOption(steps, levels, palette, write, words) as unknown as Option
  expect(option.series.map(({ markLine }) => markLine?.data)).toEqual([[{ yAxis: 0.8 }], [{ yAxis: 0.95 }]])
  expect(option.series[1]!.data).toEqual([[1, null], [2, null]])
  expect(option.yAxis).toMatchObject({ min: 0.6, max: 1 })
})
