import { expect, test } from 'vitest'
import { fromRoles, toRoles } from './mapping'
import type { ColumnMapping } from './types'

const mapping: ColumnMapping = {
  date: 'day', target: 'sales', product: null, store: 'shop', known_future: ['promo', 'open'], past: ['customers'], static: [],
  open: 'open', country: 'CN', encoding: null,
}
const columns = ['shop', 'day', 'sales', 'customers', 'promo', 'open', 'note']
const rest = { open: 'open', country: 'CN', encoding: '' }

test('a mapping survives the editor', () => {
  expect(fromRoles(toRoles(mapping, columns), rest)).toEqual(mapping)
})

test('a column that is no longer known ahead cannot say what is open', () => {
  const roles = { ...toRoles(mapping, columns), open: 'none' as const }
  expect(fromRoles(roles, rest)).toMatchObject({ open: null, known_future: ['promo'] })
})
