import type { EChartsCoreOption } from 'echarts/core'
import { placeOn, type Dimension } from '@/services/runs/compare'
import { valueOf } from '@/services/runs/fields'
import type { Run } from '@/services/runs/types'
import { frame, slip } from './base'
import type { Palette } from './palette'
import { between, shareOf } from './shade'

export const HEIGHT = 340

export interface ScatterPoint {
  run: Run
  at: [number, number]
  third: number | null
}

/** The runs that have a value on both axes. */
export function scatterPoints(runs: Run[], x: Dimension, y: Dimension, third?: Dimension): ScatterPoint[] {
  return runs.flatMap((run) => {
    const [across, up] = [placeOn(x, valueOf(run, x.name)), placeOn(y, valueOf(run, y.name))]
    return across === null || up === null ? [] : [{ run, at: [across, up] as [number, number], third: third ? placeOn(third, valueOf(run, third.name)) : null }]
  })
}

/** A point for each run: in its own colour, or the darker the more it has of a third value. */
export function scatterOption(
  points: ScatterPoint[], x: Dimension, y: Dimension, third: Dimension | undefined, colourOf: (run: Run) => string, palette: Palette,
  write: { number: (value: number) => string },
): EChartsCoreOption {
  const base = frame(palette, { ...write, day: String, tick: String, weekday: String })
  const share = shareOf(points.map((point) => point.third))
  const told = (run: Run, axis: Dimension) => {
    const value = valueOf(run, axis.name)
    return { name: axis.title, value: typeof value === 'number' ? write.number(value) : String(value ?? '–'), colour: palette.ink2 }
  }
  const axis = (dimension: Dimension) => ({
    ...(dimension.categories ? { type: 'category', data: dimension.categories } : { type: dimension.log ? 'log' : 'value', scale: true, splitNumber: 4 }),
    name: dimension.title,
    nameTextStyle: { color: palette.ink2, fontSize: 12 },
    axisLabel: { color: palette.ink3, hideOverlap: true, ...(dimension.categories ? {} : { formatter: write.number }) },
    axisLine: { lineStyle: { color: palette.rule2 } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: palette.rule, width: 1 } },
  })
  return {
    ...base,
    grid: { ...(base.grid as object), top: 32, bottom: 28, left: 12, right: 24 },
    tooltip: {
      ...(base.tooltip as object),
      trigger: 'item',
      formatter: ({ dataIndex }: { dataIndex: number }) => {
        const point = points[dataIndex]
        return point ? slip(point.run.run_name, [x, y, ...(third ? [third] : [])].map((one) => told(point.run, one))) : ''
      },
    },
    xAxis: { ...axis(x), nameLocation: 'middle', nameGap: 28 },
    yAxis: { ...axis(y), nameTextStyle: { color: palette.ink2, fontSize: 12, align: 'left' } },
    series: [
      {
        type: 'scatter',
        symbolSize: 10,
        data: points.map(({ run, at, third: value }) => ({
          value: at,
          name: run.run_name,
          itemStyle: {
            color: third ? (value === null ? palette.paper : between(palette.rule2, palette.accent, share(value))) : colourOf(run),
            borderColor: third ? palette.ink3 : palette.paper,
            borderWidth: 1,
          },
        })),
        emphasis: { scale: 1.4 },
      },
    ],
  }
}
