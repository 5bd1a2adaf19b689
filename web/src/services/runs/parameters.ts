import type { SchemaProperty } from '../types'
import type { Value } from './types'

export interface Parameter {
  name: string
  value: string
  /** The algorithm's default; undefined where it knows no such parameter. */
  standard?: string
  changed: boolean
}

const write = (value: unknown) => (value === null || value === undefined ? '–' : String(value))

/** The parameters of a run, those that differ from the defaults first. */
export function parametersOf(params: Record<string, Value>, schema: Record<string, SchemaProperty> = {}): Parameter[] {
  return Object.entries(params)
    .map(([name, given]) => {
      const known = name in schema
      const standard = known ? write(schema[name]!.default) : undefined
      return { name, value: write(given), standard, changed: known && write(given) !== standard }
    })
    .sort((one, other) => Number(other.changed) - Number(one.changed) || one.name.localeCompare(other.name))
}
