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

export type Control = 'choice' | 'switch' | 'versions' | 'algorithms' | 'minutes' | 'text' | 'number'

/** What a hyper-parameter is set with. Three are known by name: lists written as text, and a budget of time. */
export function controlOf(name: string, { type, enum: choices }: SchemaProperty): Control {
  if (choices) return 'choice'
  if (type === 'boolean') return 'switch'
  if (type !== 'string') return name === 'budget_minutes' ? 'minutes' : 'number'
  return name === 'members' ? 'versions' : name === 'candidates' ? 'algorithms' : 'text'
}

/** Whether it decides so much that it stands first and takes a whole line. */
export const isProminent = (control: Control) => control === 'versions' || control === 'algorithms' || control === 'minutes'

/** What is seldom worth changing; it is shown on request. */
const FINE = new Set([
  'non_negative', 'positions', 'weight_decay', 'averaging', 'epoch_windows', 'scaling', 'patience', 'loss', 'batch_size',
])
export const isFine = (name: string) => FINE.has(name)

/** The items of a list that is written as text, and the text again. */
export const listed = (text: string) => text.split(',').map((item) => item.trim()).filter(Boolean)
export const asList = (items: string[]) => items.join(', ')
