/** The comparison of runs: its state in the address, and what is worked out from what the server says. */
import type { LocationQuery } from 'vue-router'
import { fieldOf, valueOf } from './fields'
import { many } from './table'
import type { Comparison, Run, Value } from './types'

export const MOST = 200 // runs that can be compared
export const GRID = 6 // runs up to which each is a column; more are lines

/** A stretch of a number, or some of the texts, that runs must lie in. */
export interface Range {
  name: string
  low: number
  high: number
  values?: string[]
}

export interface CompareState {
  runs: string[]
  base: string
  metric: string
  shown: string[]
  all: boolean
  sort: string
  dims: string[]
  x: string
  y: string
  colour: string
  within: Range[]
}

const one = (value: LocationQuery[string] | undefined) => many(value)[0] ?? ''

export function readCompare(query: LocationQuery): CompareState {
  return {
    runs: [...new Set(many(query.run))].slice(0, MOST),
    base: one(query.base),
    metric: one(query.metric),
    shown: many(query.curve),
    all: query.all === '1',
    sort: one(query.sort),
    dims: many(query.dim),
    x: one(query.x),
    y: one(query.y),
    colour: one(query.colour),
    within: many(query.within).map(readRange).filter((range) => range !== undefined),
  }
}

const escaped = (text: string) => encodeURIComponent(text).replaceAll('~', '%7E')
export const writeRange = ({ name, low, high, values }: Range) =>
  `${name}:${values ? values.map(escaped).join('|') : `${low}~${high}`}`

export function readRange(text: string): Range | undefined {
  const [, name, rest] = /^(.+):([^:]*)$/s.exec(text) ?? []
  if (!name || rest === undefined) return undefined
  const [, low, high] = /^(-?[\d.eE+-]+)~(-?[\d.eE+-]+)$/.exec(rest) ?? []
  if (low && high && Number.isFinite(Number(low)) && Number.isFinite(Number(high))) return { name, low: Number(low), high: Number(high) }
  try {
    return rest.includes('~') ? undefined : { name, low: NaN, high: NaN, values: rest.split('|').map(decodeURIComponent) }
  } catch {
    return undefined // an address that was cut short
  }
}

/** Whether a run lies in every range; one that has no value lies in none. */
export const inside = (run: Run, ranges: Range[]) =>
  ranges.every(({ name, low, high, values }) => {
    const value = valueOf(run, name)
    if (value === null || value === undefined) return false
    return values ? values.includes(String(value)) : typeof value === 'number' && value >= low && value <= high
  })

/** What can be an axis: a number that differs, or texts of which there are a few. */
export interface Dimension {
  name: string
  title: string
  categories?: string[]
  /** Numbers that lie so far apart that only their logarithms can be told apart. */
  log?: boolean
}

const FEW = 20 // texts that an axis can hold

export function dimensionsOf({ params, metrics }: Pick<Comparison, 'params' | 'metrics'>): Dimension[] {
  const told = params.filter(({ changed }) => changed).map(({ name, values }) => dimension(`params.${name}`, name, values))
  const measured = metrics.map(({ name, values }) => dimension(`metrics.${name}`, name, values))
  return [...told, ...measured].filter((found) => found !== undefined)
}

function dimension(name: string, title: string, values: Value[]): Dimension | undefined {
  const given = values.filter((value) => value !== null)
  if (new Set(given).size < 2) return undefined
  if (given.every((value) => typeof value === 'number')) return { name, title, ...(isWide(given) && { log: true }) }
  const categories = [...new Set(given.map(String))].sort()
  return categories.length <= FEW ? { name, title, categories } : undefined
}

const WIDE = 100 // times the least, from which on an axis is logarithmic

function isWide(values: number[]): boolean {
  const low = Math.min(...values)
  return low > 0 && Math.max(...values) / low >= WIDE
}

/** What a value is on an axis: its number, or the place of its text. */
export function placeOn(axis: Dimension, value: Value | undefined): number | null {
  if (value === null || value === undefined) return null
  if (!axis.categories) return typeof value === 'number' && Number.isFinite(value) ? value : null
  const place = axis.categories.indexOf(String(value))
  return place < 0 ? null : place
}

/** A stretch of an axis as a range; on an axis of texts those that it covers. */
export function rangeOn(axis: Dimension, [low, high]: [number, number]): Range {
  const [from, to] = low <= high ? [low, high] : [high, low]
  if (!axis.categories) return { name: axis.name, low: Number(from.toPrecision(6)), high: Number(to.toPrecision(6)) }
  return { name: axis.name, low: NaN, high: NaN, values: axis.categories.filter((_, place) => place >= from && place <= to) }
}

export interface Best {
  run: Run
  value: number
  second?: { run: Run; value: number }
}

/** The best run by a metric and the one behind it. */
export function bestRun(runs: Run[], metric: string, lower: boolean): Best | undefined {
  const ranked = runs
    .map((run) => ({ run, value: run.metrics[metric] }))
    .filter((one): one is { run: Run; value: number } => typeof one.value === 'number' && Number.isFinite(one.value))
    .sort((a, b) => (lower ? a.value - b.value : b.value - a.value))
  const [first, second] = ranked
  return first && { ...first, second }
}

/** By which share a value differs from that of the base; undefined where there is nothing to divide by. */
export function differs(value: Value | undefined, base: Value | undefined): number | undefined {
  if (typeof value !== 'number' || typeof base !== 'number' || base === 0 || value === base) return undefined
  return (value - base) / Math.abs(base)
}

/** Runs in the order of a column; those that have no value come last. */
export function ordered(runs: Run[], sort: string): Run[] {
  if (!sort) return runs
  const falls = sort.startsWith('-')
  const name = falls ? sort.slice(1) : sort
  const compare = (one: Value, other: Value) =>
    typeof one === 'number' && typeof other === 'number' ? one - other : String(one).localeCompare(String(other), undefined, { numeric: true })
  return [...runs].sort((a, b) => {
    const [one, other] = [valueOf(a, name) ?? null, valueOf(b, name) ?? null]
    if (one === null || other === null) return Number(one === null) - Number(other === null)
    return falls ? compare(other, one) : compare(one, other)
  })
}

const WANTED = ['wape', 'val_loss', 'val/loss', 'loss', 'accuracy']

/** The metric to judge by, before anybody chose: one that people look at first, else that which the most runs have. */
export function firstMetric(metrics: Comparison['metrics']): string {
  const known = WANTED.find((name) => metrics.some((metric) => metric.name === name))
  if (known) return known
  const had = (values: (number | null)[]) => values.filter((value) => value !== null).length
  const told = metrics.filter((metric) => metric.lower_is_better !== null)
  return [...(told.length ? told : metrics)].sort((one, other) => had(other.values) - had(one.values))[0]?.name ?? ''
}

export const keyOf = (name: string) => fieldOf(name).key
