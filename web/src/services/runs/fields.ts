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

const HIGHER = /(^|[_/.\- ])(acc|accuracy|f1|auc|roc_auc|precision|recall|r2|r_squared|score|skill|map|bleu|rouge|dice|iou|reward|coverage)($|[_/.\-@ \d])/i
const LOWER = /(loss|error|wape|mape|smape|mase|rmsse|mae|mse|rmse|perplexity|ppl|nll|deviance|crps|pinball|latency|fid|\bwer\b|\bcer\b)/i

const BESIDE = /_(left_out|season|ties|majority)$/ // what our evaluation counts beside a metric

/** Whether less of a metric is better, by its name; undefined where the name does not say. */
export function lowerIsBetter(metric: string): boolean | undefined {
  if (BESIDE.test(metric)) return undefined
  if (HIGHER.test(metric)) return false
  return LOWER.test(metric) ? true : undefined
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
