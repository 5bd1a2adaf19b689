import type { EChartsCoreOption } from 'echarts/core'
import { placeOn, type Dimension } from '@/services/runs/compare'
import { valueOf } from '@/services/runs/fields'
import type { Run } from '@/services/runs/types'
import { frame, slip } from './base'
import type { Palette } from './palette'
import { between, shareOf } from './shade'

export const HEIGHT = 320

/** A line for each run over axes of parameters and metrics; the better by the last axis, the nearer to the accent. */
export function parallelOption(
  runs: Run[], axes: Dimension[], lower: boolean, palette: Palette, write: { number: (value: number) => string },
): EChartsCoreOption {
  const base = frame(palette, { ...write, day: String, tick: String, weekday: String })
  const last = axes.at(-1)
  const rows = runs
    .map((run) => ({ run, values: axes.map((axis) => placeOn(axis, valueOf(run, axis.name))) }))
    .filter(({ values }) => values.every((value) => value !== null))
  const share = shareOf(rows.map(({ values }) => values.at(-1) ?? null))
  const good = (value: number) => (lower ? 1 - share(value) : share(value))
  return {
    animation: false,
    textStyle: base.textStyle,
    tooltip: {
      ...(base.tooltip as object),
      trigger: 'item',
      formatter: ({ dataIndex }: { dataIndex: number }) => {
        const row = rows[dataIndex]
        if (!row) return ''
        return slip(row.run.run_name, axes.map((axis) => {
          const value = valueOf(row.run, axis.name)
          return { name: axis.title, value: typeof value === 'number' ? write.number(value) : String(value), colour: palette.ink2 }
        }))
      },
    },
    parallel: {
      left: 48, right: 64, top: 40, bottom: 20,
      parallelAxisDefault: {
        realtime: false,
        nameGap: 14,
        nameTextStyle: { color: palette.ink2, fontSize: 12, width: 110, overflow: 'truncate' },
        nameTruncate: { maxWidth: 110 },
        axisLine: { lineStyle: { color: palette.rule2 } },
        axisTick: { show: false },
        splitNumber: 4,
      },
    },
    parallelAxis: axes.map((axis, dim) => ({
      dim,
      id: axis.name,
      areaSelectStyle: { width: 18, borderWidth: 1, borderColor: palette.accent, color: palette.accent, opacity: 0.25 },
      z: 5, // its words stand above the lines
      name: axis.title,
      ...(axis.categories ? { type: 'category', data: axis.categories } : { type: axis.log ? 'log' : 'value', scale: true }),
      axisLabel: { color: palette.ink2, textBorderColor: palette.paper, textBorderWidth: 3, ...(axis.categories ? { width: 80, overflow: 'truncate' } : { formatter: write.number }) },
      // The better is above.
      ...(axis === last && lower && { inverse: true, nameLocation: 'start' }),
    })),
    series: [
      {
        type: 'parallel',
        inactiveOpacity: 0.06,
        activeOpacity: 0.9,
        lineStyle: { width: 1.6, opacity: 0.9 },
        emphasis: { lineStyle: { width: 3, opacity: 1 } },
        data: rows.map(({ values }) => ({
          value: values,
          lineStyle: { color: between(palette.rule2, palette.accent, good(values.at(-1) ?? 0)) },
        })),
      },
    ],
  }
}
