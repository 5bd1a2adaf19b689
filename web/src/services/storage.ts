/** What takes the space, what may go, and what lies in the archive. */
import type { components } from './schema'

type Api = components['schemas']

export type Storage = Api['StorageUse']
export type StoredKind = Storage['kinds'][number]['kind']
export type Policy = Api['RetentionPolicy']
export type PolicyRules = Pick<Policy, 'forecasts' | 'versions' | 'runs' | 'action'>
export type Plan = Api['RetentionPlan']
export type PlanItem = Api['PlanItem']
export type PlanSummary = Api['PlanSummary']
export type KeptKind = PlanItem['kind']
export const KEPT_KINDS: KeptKind[] = ['version', 'forecast', 'run']
export type CleanUp = Api['CleanupResult']
export type Cleaning = Api['CleanupProgress']
export type Schedule = Api['RetentionSchedule']
export type ArchivedItem = Api['ArchivedItem']

/** Where a thing that takes space is looked at; undefined for what has no page. */
export function pageOf(kind: string, id: string): string | undefined {
  const escaped = id.split('/').map(encodeURIComponent).join('/')
  switch (kind) {
    case 'version': case 'versions': return `/models/${escaped}`
    case 'run': case 'runs': return `/runs/${encodeURIComponent(id)}`
    case 'forecast': case 'forecasts': return `/history/${escaped}`
    case 'dataset': case 'datasets': return `/data/${escaped}`
    case 'task': case 'tasks': return `/tasks/${escaped}`
    case 'files': { // a version, which stands on the page of its model
      const [model, version] = escaped.split('/')
      return `/files/${model}${version ? `?version=${version}` : ''}`
    }
  }
  return undefined
}

/** Which words tell why: with no version to keep, a line keeps its best and its newest all the same. */
export const reasonOf = (kind: KeptKind, code: PlanItem['reason']['code'], values: PlanItem['reason']['values']): string =>
  code === 'beyond_newest' && kind === 'version' && values.newest === 0 ? 'beyond_best' : code

const PAGES = 20 // of the archive, the last archived first, that are looked through

/** What lies in the archive under this name, as far as that can be told. */
export async function findArchived(
  kind: ArchivedItem['kind'], id: string, read: (query: { limit: number; after?: string }) => Promise<{ items: ArchivedItem[]; next: string | null }>,
): Promise<ArchivedItem | undefined> {
  let after: string | undefined
  for (let page = 0; page < PAGES; page++) {
    const { items, next } = await read({ limit: 200, after })
    const found = items.find((item) => item.kind === kind && item.id === id)
    if (found || !next) return found
    after = next
  }
  return undefined
}

/** What would go over all kinds, and what would stay. */
export function totalOf(summary: PlanSummary[]): Omit<PlanSummary, 'kind'> {
  const sum = (name: keyof Omit<PlanSummary, 'kind'>) => summary.reduce((total, one) => total + one[name], 0)
  return { going: sum('going'), going_bytes: sum('going_bytes'), kept: sum('kept'), kept_bytes: sum('kept_bytes') }
}

/** Seconds until all is done, at the pace since the first look; undefined while nobody can tell. */
export function secondsLeft(first: { at: number; done: number }, now: { at: number; done: number }, of: number): number | undefined {
  const done = now.done - first.done
  return done > 0 && now.at > first.at ? ((of - now.done) * (now.at - first.at)) / done / 1000 : undefined
}

/** The pages of what takes space. */
export const PLACES: Partial<Record<StoredKind, string>> = {
  runs: '/runs', versions: '/models', files: '/files', forecasts: '/history', datasets: '/data', tasks: '/tasks', archive: '/storage/archive',
}

/** A limit as it is typed: nothing is none; undefined for what is no whole number from 0. */
export function limit(text: string): number | null | undefined {
  const typed = text.trim()
  if (!typed) return null
  return /^\d{1,9}$/.test(typed) ? Number(typed) : undefined
}
