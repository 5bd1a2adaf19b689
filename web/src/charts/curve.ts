import type { EChartsCoreOption } from 'echarts/core'
import { smoothed } from '@/services/curves'
import type { Axis } from '@/services/runs/types'
import { frame, slip, type Writing } from './base'
import { apart, textWidth } from './labels'
import type { Palette } from './palette'

/** A line of a metric over steps, seconds or epochs. */
export interface CurveLine {
  key: string
  label: string
  colour: string
  dash?: 'solid' | 'dashed' | 'dotted'
  x: number[]
  y: (number | null)[]
}

export interface CurveLook {
  axis: Axis
  smooth: number
  log: boolean
  from?: number
  to?: number
}

export interface CurveWords {
  at: (x: number) => string
  more: (count: number) => string
}

export const HEIGHT = 220 // pixels of the canvas
const PLOT = HEIGHT - 40 // about what is left for the range of values
const NAMED = 4 // lines that are named where they end; more are told apart by the list beside
const TOLD = 10 // lines in the tooltip

type Point = [x: number, drawn: number | null, measured: number | null]

/** Lines of one metric: smoothed where asked, with what was measured faint behind; a value that has no logarithm is a gap. */
export function curveOption(
  lines: CurveLine[], look: CurveLook, palette: Palette, write: Pick<Writing, 'number'> & { x: (value: number) => string }, words: CurveWords, named = true,
): EChartsCoreOption {
  const base = frame(palette, { ...write, day: String, tick: String, weekday: String })
  const drawable = (value: number | null) => (look.log && value !== null && value <= 0 ? null : value)
  const drawn = lines.map((line) => {
    const means = smoothed(line.y, look.smooth)
    return { ...line, points: line.x.map((x, index): Point => [x, drawable(means[index]!), line.y[index]!]) }
  })
  const values = drawn.flatMap(({ points }) => points.map(([, value]) => value)).filter((value) => value !== null)
  const labels = named && lines.length > 1 && lines.length <= NAMED
  const scale = (value: number | null) => (look.log && value !== null ? Math.log(value) : value)
  const ends = drawn.map(({ points }) => scale(points.findLast(([, value]) => value !== null)?.[1] ?? null))
  const offsets = apart(ends, scale(least(values)) ?? 0, scale(most(values)) ?? 1, PLOT)
  const round = look.axis !== 'time' && look.from === undefined && look.to === undefined // else the ends would crowd the marks beside them
  return {
    ...base,
    grid: { ...(base.grid as object), top: 10, right: labels ? Math.max(...lines.map(({ label }) => textWidth(label))) + 14 : 14 },
    tooltip: {
      ...(base.tooltip as object),
      formatter: (params: { seriesId: string; seriesName: string; color: string; data: Point }[]) => {
        const rows = params
          .filter(({ seriesId, data }) => seriesId.startsWith('line') && data[2] !== null)
          .map(({ seriesName, color, data }) => ({ name: seriesName, at: data[2]!, value: both(data), colour: color }))
        rows.sort((one, other) => other.at - one.at)
        const rest = rows.length - TOLD
        return slip(words.at(params[0]?.data[0] ?? 0), [
          ...rows.slice(0, TOLD), ...(rest > 0 ? [{ name: words.more(rest), value: '', colour: palette.ink2 }] : []),
        ])
      },
    },
    xAxis: {
      type: 'value',
      scale: true,
      min: look.from ?? 'dataMin',
      max: look.to ?? 'dataMax',
      axisLabel: { color: palette.ink3, hideOverlap: true, formatter: write.x, ...(round ? {} : { showMinLabel: false, showMaxLabel: false }) },
      axisLine: { lineStyle: { color: palette.rule2 } },
      axisTick: { show: false },
      splitLine: { show: false },
    },
    yAxis: { ...(base.yAxis as object), type: look.log ? 'log' : 'value' },
    series: drawn.flatMap((line, index) => [
      ...(look.smooth > 0 ? [stroke(line, `raw-${index}`, line.points.map(([x, , measured]) => [x, drawable(measured)]), 1, 0.25)] : []),
      {
        ...stroke(line, `line-${index}`, line.points, lines.length > 12 ? 1.2 : 1.8, 1),
        showSymbol: line.points.length < 3,
        endLabel: { show: labels, formatter: line.label, color: line.colour, distance: 6, fontSize: 12, offset: [0, offsets[index]] },
      },
    ]),
  }

  function both([, value, measured]: Point): string {
    return look.smooth > 0 && value !== null ? `${write.number(value)} (${write.number(measured!)})` : write.number(measured!)
  }
}

function stroke(line: CurveLine, id: string, data: unknown[], width: number, opacity: number): object {
  return {
    id,
    name: line.label,
    type: 'line',
    data,
    showSymbol: false,
    symbol: 'circle',
    symbolSize: 5,
    silent: opacity < 1,
    triggerLineEvent: true,
    lineStyle: { color: line.colour, width, type: line.dash ?? 'solid', opacity },
    itemStyle: { color: line.colour },
    emphasis: { focus: 'series', lineStyle: { width: width + 1 } },
    blur: { lineStyle: { opacity: 0.12 } },
    z: opacity < 1 ? 1 : 2,
  }
}

const least = (values: number[]) => values.reduce((low, value) => Math.min(low, value), Infinity)
const most = (values: number[]) => values.reduce((high, value) => Math.max(high, value), -Infinity)
