import type { EChartsCoreOption } from 'echarts/core'
import type { Curve, Interval } from '@/services/types'
import { bandSeries, boundsAt } from './band'
import { dayAxis, dayTitle, frame, slip, timeOf, zoom, type DayPoint, type TooltipRow, type Writing } from './base'
import type { Palette } from './palette'

export interface ForecastWords {
  history: string
  prediction: string
  interval: (level: number) => string
}

const points = ({ dates, values }: Curve) => dates.map((date, day) => [timeOf(date), values[day] ?? null])

/** History in ink, the prediction in the accent colour with its intervals as bands, and between them its first day. */
export function forecastOption(
  history: Curve, prediction: Curve, intervals: Interval[], origin: string, palette: Palette, write: Writing, words: ForecastWords,
): EChartsCoreOption {
  const base = frame(palette, write)
  const days = history.dates.length + prediction.dates.length
  const line = (name: string, curve: Curve, colour: string, width: number) => ({
    name,
    type: 'line',
    data: points(curve),
    showSymbol: curve.dates.length === 1,
    symbol: 'circle',
    symbolSize: 5,
    lineStyle: { color: colour, width },
    itemStyle: { color: colour },
    emphasis: { disabled: true },
    z: 2,
  })
  // Three parts of history to one of forecast show the season and leave the forecast large.
  const shown = Math.min(days, Math.max(prediction.dates.length * 4, 56))
  /** The line between what was and what is expected, with the name of the one at its side. */
  const border = (name: string, align: 'left' | 'right', colour: string, more = '') => ({
    silent: true,
    symbol: 'none',
    animation: false,
    lineStyle: { color: palette.ink3, width: 1, type: 'solid' },
    label: {
      position: 'end',
      align,
      distance: 6,
      padding: [0, 6],
      fontSize: 12,
      formatter: `{name|${name}}${more}`,
      rich: { name: { color: colour, fontWeight: align === 'left' ? 600 : 400 }, day: { color: palette.ink2 }, next: { color: palette.accent, fontWeight: 600 } },
    },
    data: [{ xAxis: timeOf(origin) }],
  })
  const few = prediction.dates.length < shown / 5 // beside the border there is no room for its name
  const dayOf = new Map(prediction.dates.map((date, day) => [timeOf(date), day]))
  const bounds = (time: number): TooltipRow[] =>
    boundsAt(intervals, dayOf.get(time) ?? -1)
      .filter(({ lower, upper }) => lower !== null && upper !== null)
      .map(({ level, lower, upper }) => ({
        name: words.interval(level), value: `${write.number(lower!)} – ${write.number(upper!)}`, colour: palette.ink2,
      }))
  return {
    ...base,
    grid: { ...(base.grid as object), top: 28, bottom: 44 },
    dataZoom: zoom(palette, 100 - (100 * shown) / days, write),
    tooltip: {
      ...(base.tooltip as object),
      formatter: (found: DayPoint[]) => {
        const curves = found.filter(({ seriesName }) => seriesName === words.history || seriesName === words.prediction)
        return slip(dayTitle(curves[0] ?? found[0], write), [
          ...curves
            .filter(({ data }) => data[1] !== null)
            .map(({ data, seriesName, color }) => ({ name: seriesName, value: write.number(data[1]!), colour: color })),
          ...bounds(curves[0]?.data[0] ?? NaN),
        ])
      },
    },
    xAxis: dayAxis(palette, write),
    series: [
      {
        ...line(words.history, history, palette.ink, 1.25),
        markLine: border(words.history, 'right', palette.ink, ` {day|${write.day(origin)}}${few ? ` {next|${words.prediction}}` : ''}`),
      },
      {
        ...line(words.prediction, prediction, palette.accent, 2),
        markLine: few ? undefined : border(words.prediction, 'left', palette.accent),
      },
      ...bandSeries(intervals, prediction.dates, palette.accent),
    ],
  }
}
