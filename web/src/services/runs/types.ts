/** The shapes that the pages of runs speak of: those of the HTTP API, and where it says only "object", what is in it. */
import type { Problem } from '../problem'
import type { components } from '../schema'

type Api = components['schemas']

export type Value = string | number | boolean | null

export type Run = Omit<Api['RunItem'], 'params'> & {
  params: Record<string, Value>
  /** Only in what comes live: the run is no more, and nothing else is said of it than its name. */
  deleted?: boolean
}
export type RunFile = Api['RunFile']
export type RunDetail = Omit<Api['RunDetail'], 'params' | 'context'> & { params: Record<string, Value>; context: RunContext }

export interface RunContext {
  git?: { commit?: string | null; branch?: string | null; dirty?: boolean; remote?: string | null } | null
  command?: string | string[] | null
  cwd?: string | null
  python?: string | null
  packages?: Record<string, string>
  host?: string | null
  platform?: string | null
  cpus?: number | null
  gpus?: unknown[] | null
  seed?: number | null
  threads?: number | null
  data?: { dataset?: string | null; fingerprint?: string | null; rows?: number | null; series?: number | null; audit?: string[] } | null
}

export type RunFields = Api['RunFields']
export type RunChange = Partial<Api['RunChanges']>
export type Bulk = Pick<Api['RunBulk'], 'runs' | 'action'> & Partial<Api['RunBulk']>
export type BulkAction = Bulk['action']
export type BulkResult = Api['RunBulkResult']

export type RunCurve = Api['RunCurve']
export type Axis = RunCurve['axis']
export type CurvesQuery = Api['CurvesRequest']
export interface CurveQuery {
  name: string
  phase: string
  axis: Axis
  points: number
  from?: number
  to?: number
}
/** The metrics of a run as the parts of its page share them. */
export interface LoggedMetrics {
  items?: Api['LoggedMetric'][]
  problem?: Problem
  reload: () => void
}
export type ResourceUse = Api['ResourceUse']

export type Comparison = Omit<Api['Comparison'], 'runs' | 'params' | 'tags'> & {
  runs: Run[]
  params: Compared<Value>[]
  tags: Compared<string | null>[]
}
type Compared<T> = Omit<Api['ComparedValues'], 'values'> & { values: T[] }

export type LogLine = Api['FoundLine']
export type View = Api['SavedView']
