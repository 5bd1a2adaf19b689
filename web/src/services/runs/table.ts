/** The state of the table of runs, all of it in the page's address. */
import type { LocationQuery, LocationQueryRaw } from 'vue-router'
import type { RunFields } from './types'

export interface TableState {
  where: string
  sort: string
  columns: string[]
  project: string
  chosen: string[]
}

export const NEWEST = '-created'
const BASE = ['run_name', 'status', 'created', 'duration', 'model_type']
const WANTED = ['wape', 'val_loss', 'val/loss', 'loss', 'val_accuracy', 'accuracy', 'f1']
const METRICS = 3 // columns of metrics in a table that nobody has arranged yet

/** The columns before anybody chose: what a run is, whose where there are several projects, and the metrics that people look at first. */
export function firstColumns(fields: Pick<RunFields, 'metrics' | 'projects'>): string[] {
  const known = [...WANTED.filter((name) => fields.metrics.includes(name)), ...fields.metrics]
  const whose = fields.projects.length > 1 ? ['project', 'owner'] : []
  return [...BASE, ...whose, ...[...new Set(known)].slice(0, METRICS).map((name) => `metrics.${name}`)]
}

const one = (value: LocationQuery[string] | undefined) => String((Array.isArray(value) ? value[0] : value) ?? '')
export const many = (value: LocationQuery[string] | undefined) =>
  (Array.isArray(value) ? value : [value]).filter((given): given is string => Boolean(given))

export function readState(query: LocationQuery, columns: string[]): TableState {
  const named = one(query.columns)
  return {
    where: one(query.where),
    sort: one(query.sort) || NEWEST,
    columns: named ? readColumns(named) : columns,
    project: one(query.project),
    chosen: many(query.run),
  }
}

/** The columns are always said, so that a link shows the same to everybody. */
export function writeState({ where, sort, columns, project, chosen }: TableState): LocationQueryRaw {
  return {
    ...(project && { project }),
    ...(where && { where }),
    ...(sort !== NEWEST && { sort }),
    columns: writeColumns(columns),
    ...(chosen.length && { run: chosen }),
  }
}

/** Names apart by commas; one inside a name is escaped. */
export const writeColumns = (names: string[]) =>
  names.map((name) => name.replaceAll('%', '%25').replaceAll(',', '%2C')).join(',')
export const readColumns = (text: string) =>
  [...new Set(text.split(',').map((name) => name.replaceAll('%2C', ',').replaceAll('%25', '%')).filter(Boolean))]

/** The list with what is at `from` moved to `to`; unchanged where that is outside. */
export function moved<T>(list: T[], from: number, to: number): T[] {
  if (from === to || !(from in list) || !(to in list)) return list
  const next = [...list]
  next.splice(to, 0, ...next.splice(from, 1))
  return next
}

/** The order that a click on a head asks for: metrics and params begin with the smallest, times with the newest. */
export function nextSort(sort: string, column: string): string {
  if (sort === column) return `-${column}`
  if (sort === `-${column}`) return column
  return ['created', 'finished', 'updated', 'duration'].includes(column) ? `-${column}` : column
}

export const sortedBy = (sort: string, column: string) =>
  sort === column ? 'ascending' : sort === `-${column}` ? 'descending' : 'none'

/** The filter of a page with a project chosen in the header. */
export function wholeFilter(where: string, project: string): string {
  const only = project && `project = "${project}"`
  return [where.trim() && only ? `(${where.trim()})` : where.trim(), only].filter(Boolean).join(' and ')
}
