import { METRICS } from '../metrics'
import type { FileDifference, MetricDifference, ValueDifference, Version } from './types'

/** The line of a version's address: `product/P001_all/lstm` of `product/P001_all/lstm/v7`. */
export const lineOf = (address: string) => address.split('/').slice(0, -1).join('/')
export const versionOf = (address: string) => address.split('/').at(-1) ?? address

/** What a version is about: its description, or its line where it has none but its address. */
export const aboutOf = ({ description, address }: Pick<Version, 'description' | 'address'>) =>
  description && description !== address ? description : lineOf(address)

/** What aliases are made of; `best`, `latest` and the numbers of versions are taken. */
export function isAlias(name: string): boolean {
  return /^[a-z0-9_-]{1,64}$/.test(name) && !/^(best|latest|v\d+)$/.test(name)
}

/** Why a version is not deleted: a word for the reason, and what it is about. */
export interface Guard {
  code: 'best' | 'alias' | 'pinned' | 'forecast' | 'other'
  value: string
}
export function guardOf(reason: string): Guard {
  const [code = '', ...value] = reason.split(':')
  const known = ['best', 'alias', 'pinned', 'forecast'] as const
  const found = known.find((one) => one === code)
  return found ? { code: found, value: value.join(':') } : { code: 'other', value: reason }
}

/** Those that differ first, in the order that they came in. */
export const changedFirst = <T extends Pick<ValueDifference, 'changed'>>(rows: T[]) =>
  [...rows].sort((one, other) => Number(other.changed) - Number(one.changed))

/** The metrics that tell versions apart, those that people know first; counts that are the same in both are left out. */
export function telling<T extends Pick<MetricDifference, 'name' | 'difference'>>(metrics: T[]): T[] {
  const rank = ({ name }: T) => (METRICS.findIndex((metric) => metric.name === name) + METRICS.length + 1) % (METRICS.length + 1)
  return metrics.filter((metric) => rank(metric) < METRICS.length || metric.difference !== 0).sort((one, other) => rank(one) - rank(other))
}

/** In how many metrics each is better, and how many have a better side or could. */
export function tally(metrics: Pick<MetricDifference, 'name' | 'better'>[]) {
  const of = (side: 'a' | 'b') => metrics.filter(({ better }) => better === side).length
  return { a: of('a'), b: of('b'), of: metrics.filter(({ name, better }) => better || METRICS.some((metric) => metric.name === name)).length }
}

/** Files that are not the same, and how many are. */
export function differing(files: FileDifference[]) {
  const changed = files.filter(({ status }) => status !== 'same')
  return { changed, same: files.length - changed.length }
}

/** A value as text; undefined and null as a dash. */
export function plain(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
