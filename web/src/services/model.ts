import type { Categories } from './future'
import type { Model, ModelDetail } from './types'

/** The id of the registered dataset that a version was trained on, if it was one. */
export function datasetOf({ dataset }: Pick<Model, 'dataset'>): string | undefined {
  const id = typeof dataset === 'string' ? dataset : dataset?.id
  return id || undefined
}

export const hyperparametersOf = ({ metadata }: ModelDetail) => (metadata.hyperparameters ?? {}) as Record<string, unknown>

/** The covariates whose future the version asks for; the calendar is made by the server. */
export const knownFutureOf = ({ metadata }: ModelDetail) => (metadata.known_future ?? []) as string[]

/** The covariates that are text, each with the texts that the version was trained with. */
export const categoriesOf = ({ metadata }: ModelDetail) => (metadata.categories ?? {}) as Categories

export function seriesCountOf({ metadata }: ModelDetail): number | null {
  return Array.isArray(metadata.series) ? metadata.series.length : null
}

/** The pairs of product and store that a version covers. */
export const seriesOf = ({ metadata }: ModelDetail) => (Array.isArray(metadata.series) ? metadata.series : []) as [string, string][]

/** Whether many series were made one, and their covariates one with them, each day by its mean. */
export const isAggregated = ({ aggregation_method: way }: Pick<Model, 'aggregation_method'>) => !!way && way !== 'none'

/** The covariate that says on which days a series is open. */
export function openOf({ dataset }: Pick<Model, 'dataset'>): string | undefined {
  const open = dataset?.mapping?.open
  return typeof open === 'string' ? open : undefined
}
