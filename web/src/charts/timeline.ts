import type { EChartsCoreOption } from 'echarts/core'
import type { Line, Version } from '@/services/models/types'
import { frame, slip, type TooltipRow } from './base'
import { textWidth } from './labels'
import type { Palette } from './palette'

const PLOT = 180 // pixels for the range of errors
const LOW = 110 // the same where there is hardly a range
const LEFT = 44 // for the names of the axis
const RIGHT = 12
const BELOW = 40 // for the names of the versions and their days
const LANE = 18 // a line of flags
const SLOT = 132 // the most that a version takes: few stand together at the left
const BOLD = 1.1 // wider than plain text
const DATED = 76 // from which there is room for the day below the name

/** A version on the line of time. */
export interface Point {
  version: string
  address: string
  error: number | null
  /** The last validated day: errors of other spans do not compare. */
  until: string | null
  published: string | null
  flags: string[]
  best: boolean
  archived: boolean
}

export function pointsOf(line: Pick<Line, 'versions' | 'aliases' | 'best'>, bestWord: string): Point[] {
  return line.versions.map(({ version, address, validation, timestamp, archived }) => {
    const best = version === line.best
    return {
      version, address, best, archived: !!archived,
      error: validation?.wape ?? null, until: validation?.end ?? null, published: timestamp ?? null,
      flags: [...(best ? [bestWord] : []), ...line.aliases.filter((alias) => alias.version === version).map(({ alias }) => alias)],
    }
  })
}

/** The versions before and after one. */
export function besides(versions: Pick<Version, 'version' | 'address'>[], address: string) {
  const place = versions.findIndex((one) => one.address === address)
  return place < 0 ? {} : { before: versions[place - 1], after: versions[place + 1] }
}

export interface Flag {
  /** The stem, and where the words begin and end: pixels from the left. */
  at: number
  from: number
  to: number
  lane: number
}

/**
 * A lane for each flag, 0 the lowest, so that no words overlap and no stem goes through the words of another. Words stand
 * right of their stem, those of the last flags left of it where they would leave the figure. Where no way is free of
 * crossings, that with the fewest is taken; words then lie over the stem.
 */
export function lanesOf(flags: { at: number; width: number }[], end: number): Flag[] {
  const order = flags.map((_, index) => index)
  const ways = [...order, flags.length].reverse().map((turn) => {
    const placed = flags.map(({ at, width }, index) => {
      const from = Math.max(0, Math.min(index < turn ? at - 2 : at + 2 - width, end - width))
      return { at, from, to: from + width, lane: 0 }
    })
    return laid(placed, [...order.slice(0, turn).reverse(), ...order.slice(turn)])
  })
  return ways.reduce((best, way) => (way.crossed < best.crossed ? way : best)).flags
}

function laid(flags: Flag[], order: number[]): { flags: Flag[]; crossed: number } {
  const done: Flag[] = []
  const result = flags.map((flag) => ({ ...flag }))
  let crossed = 0
  const over = (flag: Flag, at: number) => at > flag.from - 4 && at < flag.to + 4
  for (const index of order) {
    const flag = result[index]!
    const fits = (lane: number) => done.every((other) => {
      if (other.lane === lane && other.from < flag.to + 8 && flag.from < other.to + 8) return false
      return !(lane <= other.lane && over(flag, other.at)) && !(other.lane <= lane && over(other, flag.at))
    })
    let lane = 0
    while (lane <= done.length && !fits(lane)) lane++
    if (lane > done.length) {
      crossed++
      lane = Math.max(-1, ...done.map((other) => other.lane)) + 1
    }
    flag.lane = lane
    done.push(flag)
  }
  return { flags: result, crossed }
}

/** Where things stand in a figure of this width. */
export function layout(points: Point[], width: number) {
  const room = Math.max(60, width - LEFT - RIGHT)
  const slot = Math.min(SLOT, room / Math.max(1, points.length))
  const at = (index: number) => LEFT + slot * (index + 0.5)
  const flagged = points.flatMap((point, index) => (point.flags.length && point.error !== null ? [{ index, words: point.flags.join(' · ') }] : []))
  const flags = lanesOf(flagged.map(({ index, words }) => ({ at: at(index), width: BOLD * textWidth(words) + 8 })), width - 2)
    .map((flag, place) => ({ ...flag, ...flagged[place]! }))
  const lanes = Math.max(0, ...flags.map(({ lane }) => lane + 1))
  const top = lanes * LANE + 14
  return { slot, flags, top, right: width - LEFT - slot * points.length, height: top + (points.length > 2 ? PLOT : LOW) + BELOW, dated: slot >= DATED }
}

export interface TimelineWords {
  error: string
  until: string
  published: string
  archived: string
  percent: (value: number) => string
  rough: (value: number) => string
  day: (iso: string | null) => string
  short: (iso: string) => string
}

/** One point a version, best and aliases as flags on stems, what lies in the archive hollow. */
export function timelineOption(points: Point[], here: string | undefined, width: number, palette: Palette, words: TimelineWords): EChartsCoreOption {
  const { slot, flags, top, right, dated } = layout(points, width)
  const base = frame(palette, { number: words.rough, day: String, tick: String, weekday: String })
  const size = slot > 24 ? 9 : slot > 9 ? 6 : 4
  const named = (name: string, index: number) => {
    const day = points[index]?.published
    const shown = points[index]?.address === here ? `{here|${name}}` : name
    return dated && day ? `${shown}\n${words.short(day)}` : shown
  }
  return {
    ...base,
    grid: { left: LEFT, right, top, bottom: BELOW },
    tooltip: {
      ...(base.tooltip as object),
      trigger: 'item',
      formatter: ({ dataIndex, seriesType }: { dataIndex: number; seriesType: string }) => {
        const point = seriesType === 'line' ? points[dataIndex] : undefined
        return point ? slip([point.version, ...point.flags].join(' · '), rowsOf(point, palette, words)) : ''
      },
    },
    xAxis: {
      type: 'category',
      data: points.map(({ version }) => version),
      axisLabel: {
        color: palette.ink3, hideOverlap: true, formatter: named, lineHeight: 16, margin: 8,
        rich: { here: { color: palette.ink, fontWeight: 700, fontSize: 12 } },
      },
      axisLine: { lineStyle: { color: palette.rule2 } },
      axisTick: { show: false },
    },
    yAxis: { ...(base.yAxis as object), splitNumber: 3, boundaryGap: ['12%', '12%'], axisLabel: { color: palette.ink3, formatter: words.rough, width: LEFT - 10 } },
    series: [
      {
        type: 'line',
        data: points.map((point) => ({
          value: point.error,
          symbolSize: point.address === here ? size + 5 : point.best ? size + 2 : size,
          itemStyle: {
            color: point.archived ? palette.paper : point.best ? palette.accent : palette.ink3,
            borderColor: point.address === here ? palette.ink : point.best ? palette.accent : palette.ink3,
            borderWidth: point.address === here ? 2 : 1.5,
          },
        })),
        connectNulls: true,
        showAllSymbol: true,
        symbol: 'circle',
        cursor: 'pointer',
        lineStyle: { color: palette.rule2, width: 1 },
        emphasis: { scale: 1.3 },
        markLine: {
          silent: true,
          z: 1, // below the points
          symbol: 'none',
          animation: false,
          lineStyle: { color: palette.rule2, width: 1, type: 'solid' },
          data: flags.map(({ index, lane, words: text, at, from }) => {
            const point = points[index]!
            return [
              { coord: [index, point.error!], symbolOffset: [0, 0] },
              {
                coord: [index, point.error!],
                y: top - 14 - lane * LANE,
                label: {
                  show: true, position: 'end', formatter: text, align: 'left', verticalAlign: 'bottom', distance: 0, offset: [from - at + 2, 0],
                  color: point.best ? palette.accent : palette.ink, fontWeight: 600, fontSize: 12, backgroundColor: palette.paper, padding: [1, 2],
                },
              },
            ]
          }),
        },
      },
    ],
  }
}

function rowsOf(point: Point, palette: Palette, words: TimelineWords): TooltipRow[] {
  return [
    { name: words.error, value: point.error === null ? '–' : words.percent(point.error), colour: palette.ink2 },
    { name: words.until, value: words.day(point.until), colour: palette.ink2 },
    { name: words.published, value: words.day(point.published), colour: palette.ink2 },
    ...(point.archived ? [{ name: words.archived, value: '', colour: palette.ink2 }] : []),
  ]
}
