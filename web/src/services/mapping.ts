import type { ColumnMapping } from './types'

export const ROLES = ['none', 'date', 'target', 'product', 'store', 'known_future', 'past', 'static'] as const
export type Role = (typeof ROLES)[number]

/** The meaning of each column, one word each: what the editor shows. */
export function toRoles(mapping: ColumnMapping, columns: string[]): Record<string, Role> {
  const role = (column: string): Role => {
    for (const single of ['date', 'target', 'product', 'store'] as const) if (mapping[single] === column) return single
    for (const many of ['known_future', 'past', 'static'] as const) if (mapping[many]?.includes(column)) return many
    return 'none'
  }
  return Object.fromEntries(columns.map((column) => [column, role(column)]))
}

/** The mapping that such meanings make. */
export function fromRoles(
  roles: Record<string, Role>, rest: { open: string; country: string; encoding: string },
): ColumnMapping {
  const having = (role: Role) => Object.keys(roles).filter((column) => roles[column] === role)
  const known = having('known_future')
  return {
    date: having('date')[0] ?? null,
    target: having('target')[0] ?? null,
    product: having('product')[0] ?? null,
    store: having('store')[0] ?? null,
    known_future: known,
    past: having('past'),
    static: having('static'),
    open: known.includes(rest.open) ? rest.open : null,
    country: rest.country || null,
    encoding: (rest.encoding || null) as ColumnMapping['encoding'],
  }
}
