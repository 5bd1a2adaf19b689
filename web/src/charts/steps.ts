import type { EChartsCoreOption } from 'echarts/core'
import type { Coverage, StepResult } from '@/services/types'
import { frame, slip, type TooltipRow, type Writing } from './base'
import { apart, textWidth } from './labels'
import type { Palette } from './palette'

export interface StepWriting extends Writing {
  percent: (value: number) => string
  roughPercent: (value: number) => string
}
export interface StepWords {
  step: (step: number) => string
  points: (count: number) => string
}
export interface ErrorWords extends StepWords {
  model: string
  naive: string
  mae: string
  bias: string
}
export interface CoverageWords extends StepWords {
  level: (level: number) => string
}

export const HEIGHT = 260 // pixels of the whole figure
const PLOT = HEIGHT - 64 // about what is left for the range of values

interface Line {
  name: string
  values: (number | null)[]
  colour: string
  width: number
  nominal?: number
}

/** What both charts share: the days ahead below, percent at the side, each line named where it ends. */
function lines(
  steps: StepResult[], drawn: Line[], bounds: { min?: number; max?: number }, palette: Palette, write: StepWriting,
  rows: (step: StepResult) => TooltipRow[], words: StepWords,
): EChartsCoreOption {
  const base = frame(palette, write)
  const all = drawn.flatMap(({ values, nominal }) => [...values, nominal ?? null]).filter((value) => value !== null)
  const [low, high] = [bounds.min ?? Math.min(...all), bounds.max ?? Math.max(...all)]
  const offsets = apart(drawn.map(({ values }) => values.at(-1) ?? null), low, high, PLOT)
  return {
    ...base,
    grid: { ...(base.grid as object), right: Math.max(...drawn.map(({ name }) => textWidth(name))) + 16, top: 12 },
    tooltip: {
      ...(base.tooltip as object),
      formatter: ([point]: { data: [number, number] }[]) => {
        const step = steps.find((one) => one.step === point?.data[0])
        return step ? slip(words.step(step.step), [...rows(step), { name: words.points(step.points), value: '', colour: palette.ink2 }]) : ''
      },
    },
    xAxis: {
      type: 'value',
      min: steps[0]?.step ?? 1,
      max: Math.max(steps.at(-1)?.step ?? 1, 2),
      minInterval: 1,
      axisLabel: { color: palette.ink3, hideOverlap: true, showMinLabel: true, showMaxLabel: true },
      axisLine: { lineStyle: { color: palette.rule2 } },
      axisTick: { show: false },
      splitLine: { show: false },
    },
    yAxis: {
      ...(base.yAxis as object),
      ...bounds,
      axisLabel: { color: palette.ink3, formatter: write.roughPercent },
    },
    series: drawn.map(({ name, values, colour, width, nominal }, line) => ({
      name,
      type: 'line',
      data: steps.map(({ step }, index) => [step, values[index] ?? null]),
      showSymbol: steps.length < 3,
      symbol: 'circle',
      symbolSize: 5,
      lineStyle: { color: colour, width },
      itemStyle: { color: colour },
      endLabel: { show: true, formatter: name, color: colour, distance: 6, fontSize: 12, offset: [0, offsets[line]] },
      emphasis: { disabled: true },
      markLine: nominal === undefined ? undefined : {
        silent: true,
        symbol: 'none',
        animation: false,
        lineStyle: { color: palette.ink3, width: 1, type: [3, 4] },
        label: { show: false },
        data: [{ yAxis: nominal }],
      },
    })),
  }
}

/** The error by the days ahead beside that of the naive forecast. */
export function errorOption(steps: StepResult[], palette: Palette, write: StepWriting, words: ErrorWords): EChartsCoreOption {
  const given = (name: string, value: number | null, written: (value: number) => string, colour: string) =>
    value === null ? [] : [{ name, value: written(value), colour }]
  return lines(
    steps,
    [
      { name: words.naive, values: steps.map(({ baseline_wape }) => baseline_wape), colour: palette.ink3, width: 1.5 },
      { name: words.model, values: steps.map(({ wape }) => wape), colour: palette.accent, width: 2 },
    ],
    { min: 0 },
    palette,
    write,
    (step) => [
      ...given(words.model, step.wape, write.percent, palette.accent),
      ...given(words.naive, step.baseline_wape, write.percent, palette.ink2),
      ...given(words.mae, step.mae, write.number, palette.ink2),
      ...given(words.bias, step.bias, write.number, palette.ink2),
    ],
    words,
  )
}

const ROOM = 0.04 // below the lowest share, so that no line lies on the edge

/** How much of what came lay inside each interval, by the days ahead; dashed what was promised. */
export function coverageOption(
  steps: StepResult[], levels: Coverage[], palette: Palette, write: StepWriting, words: CoverageWords,
): EChartsCoreOption {
  const at = (step: StepResult, level: number) => step.coverage[String(level)] ?? null
  const drawn = levels.map(({ level, nominal }, index) => ({
    name: words.level(level),
    values: steps.map((step) => at(step, level)),
    colour: index === 0 ? palette.accent : palette.ink2,
    width: index === 0 ? 2 : 1.5,
    nominal,
  }))
  const all = drawn.flatMap(({ values, nominal }) => [...values, nominal]).filter((value) => value !== null)
  return lines(
    steps,
    drawn,
    { min: Math.max(0, Math.floor(5 * (Math.min(...all) - ROOM)) / 5), max: 1 },
    palette,
    write,
    (step) => levels.flatMap(({ level }, index) => {
      const value = at(step, level)
      return value === null ? [] : [{ name: words.level(level), value: write.percent(value), colour: index === 0 ? palette.accent : palette.ink2 }]
    }),
    words,
  )
}
