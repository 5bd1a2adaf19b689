import type { Model, TrainSpec } from './types'

type Covered = Pick<TrainSpec, 'training_mode' | 'product_ids' | 'store_ids' | 'aggregation_method'>

/**
 * The name of a scope as the server writes it into addresses: `P001_all`, `S001_specific_P001_P002`, `all`.
 * Nothing where the server would shorten it or write it with a digest, which only it knows.
 */
export function scopeName({ training_mode: mode, product_ids: products, store_ids: stores }: Covered): string | undefined {
  const parts = mode === 'global'
    ? [stores, products].flatMap((ids, kind) => (ids.length ? [['stores', 'products'][kind]!, listed(ids)] : []))
    : [mode === 'product' ? owned(products[0], stores) : owned(stores[0], products)]
  return parts.includes(undefined) ? undefined : parts.join('/') || 'all'
}

const PLAIN = /^[\p{L}\p{N}-][\p{L}\p{N}.-]*$/u
const LONGEST = 120 // bytes of a part of a path

function listed(ids: string[]): string | undefined {
  const name = [...ids].sort().join('_')
  return ids.every((id) => PLAIN.test(id)) && new TextEncoder().encode(name).length <= LONGEST ? name : undefined
}
function owned(own: string | undefined, others: string[]): string | undefined {
  if (own === undefined || !PLAIN.test(own)) return undefined
  const rest = others.length ? listed(others) : 'all'
  const name = others.length ? `${own}_specific_${rest}` : `${own}_all`
  return rest !== undefined && new TextEncoder().encode(name).length <= LONGEST ? name : undefined
}

/** Whether a version covers what a training would; where the scope's name is not known, its own product or store. */
export function covers(model: Model, spec: Covered): boolean {
  if (model.training_mode !== spec.training_mode) return false
  if (spec.training_mode === 'global' && model.aggregation_method !== spec.aggregation_method) return false
  const name = scopeName(spec)
  if (name !== undefined) return model.scope === name
  if (spec.training_mode === 'product') return model.product_id === spec.product_ids[0]
  return spec.training_mode === 'store' ? model.store_id === spec.store_ids[0] : true
}
