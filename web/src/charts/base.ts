import type { EChartsCoreOption } from 'echarts/core'
import type { Palette } from './palette'

/** What a chart writes its numbers and days with. */
export interface Writing {
  number: (value: number) => string
  day: (iso: string) => string
  tick: (time: number) => string
  weekday: (iso: string) => string
}

export const SAMPLED = 2000 // points above which a line is drawn from the minima and maxima of its pixels

/** The common look: thin axes in grey, one line of pointer, the tooltip a slip of paper. */
export function frame(palette: Palette, write: Writing): EChartsCoreOption {
  return {
    animation: false,
    useUTC: true,
    textStyle: { fontFamily: palette.sans, fontSize: 12, color: palette.ink2 },
    grid: { left: 4, right: 12, top: 24, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    tooltip: {
      trigger: 'axis',
      confine: true,
      backgroundColor: palette.paper,
      borderColor: palette.rule2,
      borderWidth: 1,
      padding: [6, 10],
      textStyle: { color: palette.ink, fontSize: 12 },
      extraCssText: 'box-shadow:none;border-radius:3px;font-variant-numeric:tabular-nums;',
      axisPointer: { type: 'line', lineStyle: { color: palette.rule2, width: 1, type: 'solid' } },
    },
    yAxis: {
      type: 'value',
      scale: true,
      splitNumber: 4,
      axisLabel: { color: palette.ink3, formatter: write.number },
      splitLine: { lineStyle: { color: palette.rule, width: 1 } },
      axisLine: { show: false },
      axisTick: { show: false },
    },
  }
}

/** Milliseconds since 1970 of a day, and back. */
export const timeOf = (iso: string) => Date.parse(`${iso.slice(0, 10)}T00:00Z`)
export const isoOf = (time: number) => new Date(time).toISOString().slice(0, 10)

export function dayAxis(palette: Palette, write: Writing): EChartsCoreOption {
  return {
    type: 'time',
    boundaryGap: false,
    axisLabel: { color: palette.ink3, formatter: write.tick, hideOverlap: true, margin: 10 },
    axisLine: { lineStyle: { color: palette.rule2 } },
    axisTick: { show: false },
    splitLine: { show: false },
  }
}

/** What the pointer is on, for the tooltip of an axis of days. */
export interface DayPoint {
  data: [number, number | null]
  seriesName: string
  color: string
}

export const dayTitle = (point: DayPoint | undefined, write: Writing) => {
  const iso = isoOf(point?.data[0] ?? 0)
  return `${write.weekday(iso)} ${write.day(iso)}`
}

/** A slider below and the wheel inside, quiet as the rest. */
export function zoom(palette: Palette, start: number, write: Writing): EChartsCoreOption[] {
  return [
    { type: 'inside', start, end: 100, zoomOnMouseWheel: 'ctrl', moveOnMouseMove: true, moveOnMouseWheel: false },
    {
      type: 'slider',
      start,
      end: 100,
      height: 24,
      bottom: 4,
      left: 8,
      right: 8,
      brushSelect: false,
      borderColor: palette.rule,
      fillerColor: `${palette.accent}1f`,
      backgroundColor: 'transparent',
      dataBackground: { lineStyle: { color: palette.rule2, width: 1 }, areaStyle: { color: palette.rule, opacity: 0.6 } },
      selectedDataBackground: { lineStyle: { color: palette.ink3, width: 1 }, areaStyle: { color: palette.rule } },
      handleStyle: { color: palette.paper, borderColor: palette.ink3 },
      moveHandleSize: 0,
      textStyle: { color: palette.ink3, fontSize: 11 },
      labelFormatter: (time: number) => write.day(isoOf(time)),
    },
  ]
}

export interface TooltipRow {
  name: string
  value: string
  colour: string
}

/** Words come from data and may hold anything: what is written into the tooltip is escaped. */
export function slip(title: string, rows: TooltipRow[]): string {
  const safe = (text: string) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
  const lines = rows.map(
    ({ name, value, colour }) =>
      `<div style="display:flex;justify-content:space-between;gap:16px"><span style="color:${colour}">${safe(name)}</span><b>${safe(value)}</b></div>`,
  )
  return `<div>${safe(title)}</div>${lines.join('')}`
}
