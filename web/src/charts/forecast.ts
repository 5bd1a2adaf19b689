import type { EChartsCoreOption } from 'echarts/core'
import type { Curve } from '@/services/types'
import { dayAxis, dayTitle, frame, slip, timeOf, zoom, type DayPoint, type Writing } from './base'
import type { Palette } from './palette'

export interface ForecastWords {
  history: string
  prediction: string
}

const points = ({ dates, values }: Curve) => dates.map((date, day) => [timeOf(date), values[day] ?? null])

/** History in ink, the prediction in the accent colour, and between them the first day that was predicted. */
export function forecastOption(
  history: Curve, prediction: Curve, origin: string, palette: Palette, write: Writing, words: ForecastWords,
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
  })
  // Three parts of history to one of forecast show the season and leave the forecast large.
  const shown = Math.min(days, Math.max(prediction.dates.length * 4, 56))
  return {
    ...base,
    grid: { ...(base.grid as object), top: 28, bottom: 44 },
    dataZoom: zoom(palette, 100 - (100 * shown) / days, write),
    tooltip: {
      ...(base.tooltip as object),
      formatter: (found: DayPoint[]) =>
        slip(
          dayTitle(found[0], write),
          found
            .filter(({ data }) => data[1] !== null)
            .map(({ data, seriesName, color }) => ({ name: seriesName, value: write.number(data[1]!), colour: color })),
        ),
    },
    xAxis: dayAxis(palette, write),
    series: [
      {
        ...line(words.history, history, palette.ink, 1.25),
        markLine: {
          silent: true,
          symbol: 'none',
          animation: false,
          lineStyle: { color: palette.ink3, width: 1, type: 'solid' },
          label: {
            position: 'end',
            distance: 6,
            fontSize: 12,
            color: palette.ink2,
            formatter: `{history|${words.history}}  ${write.day(origin)}  {prediction|${words.prediction}}`,
            rich: { history: { color: palette.ink }, prediction: { color: palette.accent, fontWeight: 600 } },
          },
          data: [{ xAxis: timeOf(origin) }],
        },
      },
      line(words.prediction, prediction, palette.accent, 2),
    ],
  }
}
