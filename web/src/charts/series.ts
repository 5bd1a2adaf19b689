import type { EChartsCoreOption } from 'echarts/core'
import type { Values } from '@/services/types'
import { dayAxis, dayTitle, frame, SAMPLED, slip, timeOf, zoom, type DayPoint, type Writing } from './base'
import type { Palette } from './palette'

/** One series over time; days that nobody observed stay empty. */
export function seriesOption({ dates, values, mask }: Values, palette: Palette, write: Writing, missing: string): EChartsCoreOption {
  const base = frame(palette, write)
  return {
    ...base,
    grid: { ...(base.grid as object), bottom: 44 },
    dataZoom: zoom(palette, dates.length > 400 ? 100 - (100 * 365) / dates.length : 0, write),
    tooltip: {
      ...(base.tooltip as object),
      formatter: ([point]: DayPoint[]) => {
        const value = point?.data[1] ?? null
        return slip(dayTitle(point, write), [
          { name: '', value: value === null ? missing : write.number(value), colour: palette.ink },
        ])
      },
    },
    xAxis: dayAxis(palette, write),
    series: [
      {
        type: 'line',
        data: dates.map((date, day) => [timeOf(date), mask[day] === false ? null : (values[day] ?? null)]),
        showSymbol: false,
        sampling: dates.length > SAMPLED ? 'minmax' : undefined,
        lineStyle: { color: palette.ink, width: 1 },
        itemStyle: { color: palette.ink },
        emphasis: { disabled: true },
      },
    ],
  }
}
