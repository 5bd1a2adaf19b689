import better from '../../../../src/tidebook/runs/better.json'
import type { Run, Value } from './types'

/** What every run has; the others are `params.X`, `metrics.X` and `tags.X`. */
export const FIELDS = [
  'run_name', 'status', 'description', 'model_type', 'created', 'finished', 'updated', 'duration', 'project', 'owner',
  'dataset', 'scope', 'stock_symbol', 'version', 'task_id', 'notes', 'pinned', 'archived', 'lost',
]

export const TIMES = new Set(['created', 'started', 'finished', 'updated'])
export const FLAGS = new Set(['pinned', 'archived', 'lost'])

export type Kind = 'field' | 'params' | 'metrics' | 'tags'
export interface Field {
  kind: Kind
  key: string
}

/** `metrics.val loss` is the metric `val loss`; a word without such a head is a field of the run itself. */
export function fieldOf(name: string): Field {
  const [, kind, key] = /^(params|metrics|tags)\.(.+)$/s.exec(name) ?? []
  return kind && key ? { kind: kind as Kind, key } : { kind: 'field', key: name }
}

/** A field as the filter and the order are written: a key with other signs is quoted. */
export function written(name: string): string {
  const { kind, key } = fieldOf(name)
  return kind === 'field' ? key : `${kind}.${/^[\w./-]+$/.test(key) ? key : quoted(key)}`
}

export const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`

/** What a run has in a column. */
export function valueOf(run: Run, name: string): Value | undefined {
  const { kind, key } = fieldOf(name)
  if (kind !== 'field') return run[kind][key]
  switch (key) {
    case 'created':
    case 'finished':
    case 'updated':
      return run[`${key}_at`]
    case 'duration':
      return run.duration_seconds
    default:
      return run[key as 'run_name']
  }
}

const LOWER = new Set(better.lower)
const HIGHER = new Set(better.higher)

/** Whether less of a metric is better, by its name; undefined where the name does not say. As the server has it. */
export function lowerIsBetter(metric: string): boolean | undefined {
  const name = metric.replaceAll('mAP', 'map').replace(/(?<=[a-z])[A-Z]/g, '_$&').toLowerCase()
  if (better.counts.some((word) => name.endsWith(`_${word}`))) return undefined
  if (name.includes('per_second')) return false
  for (const word of (name.match(/[a-z]+[0-9]*/g) ?? []).reverse())
    for (const told of [word, word.replace(/[0-9]+$/, '')]) if (LOWER.has(told) || HIGHER.has(told)) return LOWER.has(told)
  return undefined
}

/** The best among the values of a metric, where there are two or more to choose from. */
export function bestOf(metric: string, values: (number | null | undefined)[]): number | undefined {
  const lower = lowerIsBetter(metric)
  const given = values.filter((value): value is number => value != null && Number.isFinite(value))
  if (lower === undefined || given.length < 2) return undefined
  return given.reduce((best, value) => (lower ? Math.min(best, value) : Math.max(best, value)))
}

/** Whether a run is still being written. */
export const isLive = (run: Pick<Run, 'status' | 'lost'>) =>
  !run.lost && ['initialized', 'preparing', 'training'].includes(run.status)
