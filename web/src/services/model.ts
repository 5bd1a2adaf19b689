import type { Model, ModelDetail } from './types'

/** The id of the registered dataset that a version was trained on, if it was one. */
export function datasetOf({ dataset }: Pick<Model, 'dataset'>): string | undefined {
  const id = typeof dataset === 'string' ? dataset : dataset?.id
  return id || undefined
}

export const hyperparametersOf = ({ metadata }: ModelDetail) => (metadata.hyperparameters ?? {}) as Record<string, unknown>

/** The covariates whose future the version asks for; the calendar is made by the server. */
export const knownFutureOf = ({ metadata }: ModelDetail) => (metadata.known_future ?? []) as string[]

export function seriesCountOf({ metadata }: ModelDetail): number | null {
  return Array.isArray(metadata.series) ? metadata.series.length : null
}

/** The pairs of product and store that a version covers. */
export const seriesOf = ({ metadata }: ModelDetail) => (Array.isArray(metadata.series) ? metadata.series : []) as [string, string][]
