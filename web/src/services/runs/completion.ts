/** What can come next in a line of the filter, from what stands before the caret. */
import { FIELDS, FLAGS, fieldOf, TIMES, written } from './fields'
import type { RunFields } from './types'

export interface Option {
  /** What is written in the place of what was begun. */
  text: string
  kind: 'field' | 'operator' | 'value' | 'word'
}
export interface Completion {
  /** The part of the line that an option takes the place of. */
  from: number
  to: number
  options: Option[]
}

interface Token {
  text: string
  from: number
  to: number
}

const TOKEN = /(?:\w+\.)?"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|!=|<=|>=|[=<>~(),]|[^\s=<>~(),!"']+/g
const COMPARISONS = ['=', '!=', '<', '<=', '>', '>=', '~']
const STATUSES = ['initialized', 'preparing', 'training', 'completed', 'failed']
const AGES = ['1d', '7d', '2w', '24h']
const SHOWN = 12

export function complete(line: string, caret: number, fields: RunFields): Completion {
  const tokens = tokensOf(line)
  const begun = tokens.find(({ from, to, text }) => from < caret && caret <= to && !/^[=<>~(),!]/.test(text))
  const before = tokens.filter(({ to, from }) => to <= caret && from !== begun?.from).map(({ text }) => text)
  const typed = begun ? line.slice(begun.from, caret) : ''
  const wanted = typed.replace(/"/g, '').toLowerCase()
  const options = next(before, fields).filter(({ text }) => text.replace(/"/g, '').toLowerCase().includes(wanted) && text !== typed)
  const rank = ({ text }: Option) => (text.replace(/"/g, '').toLowerCase().startsWith(wanted) ? 0 : 1)
  return {
    from: begun?.from ?? caret,
    to: begun?.to ?? caret,
    options: options.sort((one, other) => rank(one) - rank(other)).slice(0, SHOWN),
  }
}

/** The line with an option written in, and where the caret then stands: a blank behind it, ready for what follows. */
export function take(line: string, { from, to }: Pick<Completion, 'from' | 'to'>, option: Option): { line: string; caret: number } {
  const head = line.slice(0, from) + option.text
  const tail = line.slice(to).replace(/^ /, '')
  return { line: `${head} ${tail}`, caret: head.length + 1 }
}

function tokensOf(line: string): Token[] {
  return [...line.matchAll(TOKEN)].map((match) => ({ text: match[0], from: match.index, to: match.index + match[0].length }))
}

function next(before: string[], fields: RunFields): Option[] {
  const last = before.at(-1)
  const list = insideList(before)
  if (list) return last === ',' || last === '(' ? values(list, fields) : []
  if (last === undefined || last === '(' || /^(and|or|not)$/i.test(last)) {
    return [...names(fields), ...(last && /^not$/i.test(last) ? [] : [{ text: 'not', kind: 'word' as const }])]
  }
  const field = before.at(-2)
  if (COMPARISONS.includes(last)) return field ? values(field, fields) : []
  if (expectsOperator(before)) return operators(last)
  return [{ text: 'and', kind: 'word' }, { text: 'or', kind: 'word' }]
}

/** The field of `field in (…` that is still open. */
function insideList(before: string[]): string | undefined {
  const open = before.lastIndexOf('(')
  return open >= 2 && before.indexOf(')', open) < 0 && /^in$/i.test(before[open - 1]!) ? before[open - 2] : undefined
}

/** A word is a field where a condition begins: behind nothing, a bracket or a joining word. */
function expectsOperator(before: string[]): boolean {
  const last = before.at(-1)!
  if (/^[=<>~(),!]/.test(last) || /^exists$/i.test(last)) return false
  const ahead = before.at(-2)
  return ahead === undefined || ahead === '(' ? !insideList(before.slice(0, -1)) : /^(and|or|not)$/i.test(ahead)
}

function names(fields: RunFields): Option[] {
  const all = [
    ...FIELDS,
    ...fields.metrics.map((name) => written(`metrics.${name}`)),
    ...fields.params.map((name) => written(`params.${name}`)),
    ...fields.tags.map((name) => written(`tags.${name}`)),
  ]
  return all.map((text) => ({ text, kind: 'field' }))
}

function operators(field: string): Option[] {
  if (FLAGS.has(field)) return [{ text: 'and', kind: 'word' }, { text: 'or', kind: 'word' }, { text: '=', kind: 'operator' }]
  const ordered = TIMES.has(field) || field === 'duration'
  const fitting = ordered ? ['>', '>=', '<', '<='] : fieldOf(field).kind === 'metrics' ? ['<', '<=', '>', '>=', '=', '!='] : COMPARISONS
  return [...fitting, ...(ordered ? [] : ['in']), 'exists', 'not exists'].map((text) => ({ text, kind: 'operator' }))
}

function values(field: string, fields: RunFields): Option[] {
  const known: Record<string, string[]> = { status: STATUSES, model_type: fields.model_types, project: fields.projects }
  const fitting = FLAGS.has(field) ? ['true', 'false'] : TIMES.has(field) ? AGES : (known[field] ?? [])
  return fitting.map((text) => ({ text: /^[\w.-]+$/.test(text) ? text : JSON.stringify(text), kind: 'value' }))
}
