import { expect, test } from 'vitest'
import { asList, checkValue, controlOf, isProminent, listed, range } from './hyperparameters'
import type { SchemaProperty } from './types'

const epochs: SchemaProperty = { type: 'integer', default: 50, minimum: 1, maximum: 10_000 }
const rate: SchemaProperty = { type: 'number', default: 0.001, minimum: 0 }

test('what is typed becomes a value of the type', () => {
  expect(checkValue(epochs, '20')).toEqual({ ok: true, value: 20 })
  expect(checkValue(rate, '1e-4')).toEqual({ ok: true, value: 0.0001 })
  expect(checkValue({ type: 'integer', default: 1, enum: [1, 2] }, '2')).toEqual({ ok: true, value: 2 })
  expect(checkValue({ type: 'boolean', default: true }, false)).toEqual({ ok: true, value: false })
})

test.each([
  [epochs, '', { ok: false, rule: 'number' }],
  [epochs, 'many', { ok: false, rule: 'number' }],
  [epochs, '1.5', { ok: false, rule: 'whole' }],
  [epochs, '0', { ok: false, rule: 'between', low: 1, high: 10_000 }],
  [rate, '-1', { ok: false, rule: 'atLeast', low: 0 }],
])('what breaks a rule says which', (property, typed, expected) => {
  expect(checkValue(property, typed)).toEqual(expected)
})

test('a range is written as people write it', () => {
  expect(range(epochs)).toBe('1\u00a0–\u00a010000')
  expect(range(rate)).toBe('≥\u00a00')
})

test.each([
  ['loss', { type: 'string', default: 'mae', enum: ['mae', 'mse'] }, 'choice'],
  ['reversible', { type: 'boolean', default: true }, 'switch'],
  ['members', { type: 'string', default: '' }, 'versions'],
  ['candidates', { type: 'string', default: 'default' }, 'algorithms'],
  ['budget_minutes', { type: 'number', default: 10 }, 'minutes'],
  ['comment', { type: 'string', default: '' }, 'text'],
  ['epochs', epochs, 'number'],
] as [string, SchemaProperty, string][])('%s is set with what fits it', (name, property, control) => {
  expect(controlOf(name, property)).toBe(control)
})

test('what decides most stands first', () => {
  expect(isProminent('versions')).toBe(true)
  expect(isProminent('number')).toBe(false)
})

test('a list survives being written as text', () => {
  expect(listed(' product/P001_all/lstm/v1,product/P001_all/gru/best, ')).toEqual(['product/P001_all/lstm/v1', 'product/P001_all/gru/best'])
  expect(listed(asList(['tcn', 'ets']))).toEqual(['tcn', 'ets'])
})
