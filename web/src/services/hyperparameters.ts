import type { SchemaProperty } from './types'

export type Checked =
  | { ok: true; value: number | boolean | string }
  | { ok: false; rule: 'number' | 'whole' | 'between' | 'atLeast' | 'atMost'; low?: number; high?: number }

/** What was typed as a value of the schema's type, or the rule that it breaks. */
export function checkValue(property: SchemaProperty, typed: string | boolean): Checked {
  if (typeof typed === 'boolean') return { ok: true, value: typed }
  if (property.enum) return { ok: true, value: property.enum.find((choice) => String(choice) === typed) ?? typed }
  if (property.type === 'string') return { ok: true, value: typed }
  const value = Number(typed)
  if (typed.trim() === '' || !Number.isFinite(value)) return { ok: false, rule: 'number' }
  if (property.type === 'integer' && !Number.isInteger(value)) return { ok: false, rule: 'whole' }
  const { minimum: low, maximum: high } = property
  const outside = (low !== undefined && value < low) || (high !== undefined && value > high)
  if (outside && low !== undefined && high !== undefined) return { ok: false, rule: 'between', low, high }
  if (outside) return low !== undefined ? { ok: false, rule: 'atLeast', low } : { ok: false, rule: 'atMost', high }
  return { ok: true, value }
}

/** The range that a schema allows, as people write it. */
export function range({ minimum: low, maximum: high }: SchemaProperty): string {
  if (low !== undefined && high !== undefined) return `${low}\u00a0–\u00a0${high}`
  if (low !== undefined) return `≥\u00a0${low}`
  return high === undefined ? '' : `≤\u00a0${high}`
}
