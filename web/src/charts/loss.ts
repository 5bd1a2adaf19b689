import type { EChartsCoreOption } from 'echarts/core'
import type { MetricEntry } from '@/services/types'
import { frame, slip, type Writing } from './base'
import { apart, textWidth } from './labels'
import type { Palette } from './palette'

export interface LossPoint {
  epoch: number
  train: number | null
  validation: number | null
}

const finite = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null)

/** One point an epoch from the entries of the metrics log; an epoch trained again after a resume counts once. */
export function lossPoints(entries: Pick<MetricEntry, 'epoch'>[]): LossPoint[] {
  const points = new Map<number, LossPoint>()
  for (const entry of entries as MetricEntry[]) {
    const point = points.get(entry.epoch) ?? { epoch: entry.epoch, train: null, validation: null }
    point.train = finite(entry.train_loss) ?? point.train
    point.validation = finite(entry.val_loss) ?? point.validation
    points.set(entry.epoch, point)
  }
  return [...points.values()]
    .filter((point) => point.train !== null || point.validation !== null)
    .sort((one, other) => one.epoch - other.epoch)
}

/** The epoch with the lowest validation loss; the earliest of equals. */
export function bestPoint(points: LossPoint[]): LossPoint | undefined {
  return points
    .filter((point) => point.validation !== null)
    .reduce<LossPoint | undefined>((best, point) => (!best || point.validation! < best.validation! ? point : best), undefined)
}

export interface LossWords {
  train: string
  validation: string
  best: string
  epoch: (epoch: number) => string
}

const NEAR = 0.12 // of the axis of epochs: nearer to the ends of the lines, the best has no room for a name of its own
export const HEIGHT = 280 // pixels of the whole figure
const PLOT = HEIGHT - 64 // about what is left for the range of losses

/** Whether the best is told where the line of the validation ends, instead of above its own mark. */
export function bestAtEnd(points: LossPoint[], epochs: number | null): boolean {
  const best = bestPoint(points)
  const last = points.at(-1)?.epoch ?? 1
  return best !== undefined && last - best.epoch < NEAR * Math.max(last, epochs ?? 0, 2)
}

export function lossOption(
  points: LossPoint[], epochs: number | null, palette: Palette, write: Writing, words: LossWords,
): EChartsCoreOption {
  const base = frame(palette, write)
  const best = bestPoint(points)
  const last = points.at(-1)?.epoch ?? 1
  const values = points.flatMap(({ train, validation }) => [train, validation]).filter((value) => value !== null)
  const ends = points.at(-1)
  const [trainMoved, validationMoved] = apart([ends?.train ?? null, ends?.validation ?? null], Math.min(...values), Math.max(...values), PLOT)
  const bestWords = best && `${words.best} ${write.number(best.validation!)}`
  const together = bestAtEnd(points, epochs)
  const line = (name: string, key: 'train' | 'validation', colour: string, width: number, label: string, moved = 0) => ({
    name,
    type: 'line',
    data: points.map((point) => [point.epoch, point[key]]),
    showSymbol: points.length < 3,
    symbol: 'circle',
    symbolSize: 5,
    lineStyle: { color: colour, width },
    itemStyle: { color: colour },
    endLabel: { show: true, formatter: label, color: colour, distance: 8, fontSize: 12, offset: [0, moved] },
    emphasis: { disabled: true },
  })
  return {
    ...base,
    grid: { ...(base.grid as object), right: textWidth(`${words.validation} · ${bestWords ?? ''}`) + 16 },
    tooltip: {
      ...(base.tooltip as object),
      formatter: (params: { data: [number, number | null]; seriesName: string }[]) =>
        slip(
          words.epoch(params[0]?.data[0] ?? 0),
          params.map(({ data, seriesName }) => ({
            name: seriesName,
            value: data[1] === null ? '–' : write.number(data[1]),
            colour: seriesName === words.train ? palette.ink2 : palette.accent,
          })),
        ),
    },
    xAxis: {
      type: 'value',
      min: 1,
      max: Math.max(last, epochs ?? 0, 2),
      minInterval: 1,
      axisLabel: { color: palette.ink3, hideOverlap: true, showMinLabel: true },
      axisLine: { lineStyle: { color: palette.rule2 } },
      axisTick: { show: false },
      splitLine: { show: false },
    },
    series: [
      line(words.train, 'train', palette.ink3, 1.5, words.train, trainMoved),
      {
        ...line(
          words.validation, 'validation', palette.accent, 2, together ? `${words.validation} · ${bestWords}` : words.validation, validationMoved,
        ),
        markPoint: best && {
          symbol: 'circle',
          symbolSize: 9,
          itemStyle: { color: palette.paper, borderColor: palette.accent, borderWidth: 2 },
          label: {
            show: !together,
            position: 'top',
            distance: 10,
            align: best.epoch - (points[0]?.epoch ?? 1) < last / 12 ? 'left' : 'center',
            color: palette.ink,
            backgroundColor: palette.paper,
            padding: [1, 3],
            fontSize: 12,
            fontWeight: 600,
            formatter: bestWords,
          },
          data: [{ coord: [best.epoch, best.validation] }],
        },
      },
    ],
  }
}
