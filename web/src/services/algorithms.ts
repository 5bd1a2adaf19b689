import type { ModelType } from './types'

export const GROUPS = ['combined', 'neural', 'boosting', 'classical', 'other'] as const
export type Group = (typeof GROUPS)[number]

/** What does not train in epochs says of what kind it is by its name only. */
const BY_NAME: Record<string, Group> = {
  auto: 'combined', ensemble: 'combined',
  lightgbm: 'boosting',
  seasonal_naive: 'classical', ets: 'classical', theta: 'classical', croston: 'classical',
}
/** The first within its group; the first of all is recommended to whoever has no reason for another. */
const FIRST = ['auto', 'lstm', 'lightgbm', 'ets']

export const isRecommended = ({ name }: Pick<ModelType, 'name'>) => name === FIRST[0]
export const isCombined = (name: string) => BY_NAME[name] === 'combined'

export function groupOf({ name, neural }: Pick<ModelType, 'name' | 'neural'>): Group {
  return BY_NAME[name] ?? (neural ? 'neural' : 'other')
}

/** The algorithms by group, empty groups left out, within a group as the server lists them but for the first. */
export function grouped<T extends Pick<ModelType, 'name' | 'neural'>>(types: T[]): { group: Group; types: T[] }[] {
  const rank = ({ name }: T) => (FIRST.includes(name) ? 0 : 1)
  return GROUPS.map((group) => ({
    group, types: types.filter((type) => groupOf(type) === group).sort((one, other) => rank(one) - rank(other)),
  })).filter((found) => found.types.length)
}
