import type { Candidate, ModelDetail } from './types'

/** What an `auto` version tried or an `ensemble` is made of; empty for all others. */
export function candidatesOf({ metadata }: Pick<ModelDetail, 'metadata'>): Candidate[] {
  return Array.isArray(metadata.table) ? (metadata.table as Candidate[]) : []
}

/** The one with the lowest validation error, the first of equals. */
export function bestOf(rows: Candidate[]): Candidate | undefined {
  return rows
    .filter(({ validation_wape }) => validation_wape != null)
    .reduce<Candidate | undefined>((best, row) => (!best || row.validation_wape! < best.validation_wape! ? row : best), undefined)
}

/** Whether a name is the address of a published version and not an algorithm's. */
export const isAddress = (name: string) => /\/v\d+$/.test(name)
