/** Every call that the pages make, one line each. */
import { get, patch, post, put, remove, segments, upload, url } from './client'
import type * as m from './models/types'
import type * as p from './people'
import type * as r from './runs/types'
import type * as s from './storage'
import type * as t from './types'

type Signal = { signal?: AbortSignal }

export const session = () => get<t.Session>('session')
export const logout = () => remove('session')

export const datasets = (query: { project?: string; limit?: number; after?: string } = {}) => get<t.Page<t.Dataset>>('datasets', { query })
export const dataset = (id: string) => get<t.Dataset>(`datasets/${id}`)
export const registerDataset = (body: { path: string; name?: string }) => post<t.Dataset>('datasets', { body })
export const uploadDataset = (form: FormData, progress: (share: number) => void, signal: AbortSignal) =>
  upload<t.Dataset>('datasets/upload', form, progress, signal)
export const deleteDataset = (id: string) => remove(`datasets/${id}`)
export const putMapping = (id: string, body: t.ColumnMapping) => put<t.Dataset>(`datasets/${id}/mapping`, { body })
export const preview = (id: string, limit = 50) => get<t.Preview>(`datasets/${id}/preview`, { query: { limit } })
export const ids = (id: string, kind: 'product' | 'store', search = '', limit = 100, { signal }: Signal = {}) =>
  get<t.Ids>(`datasets/${id}/ids`, { query: { kind, search, limit }, signal })
export const values = (id: string, query: { product_id?: string; store_id?: string }) =>
  get<t.Values>(`datasets/${id}/values`, { query })

export const modelTypes = () =>
  get<t.ModelTypes>('model_types')

export const startTraining = (body: t.TrainSpec) => post<t.Task>('training', { body })
export const checkTraining = (body: t.TrainSpec, { signal }: Signal = {}) =>
  post<t.TrainCheck>('training/check', { body, signal })
export const tasks = (query: { state?: string; project?: string; limit?: number; after?: string } = {}) =>
  get<t.Page<t.Task>>('training', { query })
export const task = (id: string) => get<t.Task>(`training/${id}`)
export const stopTask = (id: string) => post<t.Task>(`training/${id}/stop`)
export const logs = (id: string, after: number, limit = 1000) =>
  get<t.LogLines>(`training/${id}/logs`, { query: { after, limit } })
export const metrics = (id: string, after = 0) =>
  get<t.MetricEntries>(`training/${id}/metrics`, { query: { after } })

export interface ModelQuery {
  page?: number
  page_size?: number
  mode?: string
  model_type?: string
  scope?: string
  search?: string
  project?: string
  metric?: string
  alias?: string
  archived?: string
}
export const models = (query: ModelQuery = {}) => get<t.ModelPage>('models', { query: { ...query } })
export const model = (address: string) => get<t.ModelDetail>(`models/${segments(address)}`)
export const changeModel = (address: string, body: m.VersionChange) => patch<t.Model>(`models/${segments(address)}`, { body })
export const deleteModel = (address: string, query: { reason?: string; force?: boolean } = {}) =>
  remove(`models/${segments(address)}`, { query })
export const modelLine = (line: string) => get<m.Line>(`model-lines/${segments(line)}`)
export const setAlias = (line: string, alias: string, body: { version: string; reason: string }) =>
  put<m.Line>(`model-lines/${segments(line)}/aliases/${segments(alias)}`, { body })
export const removeAlias = (line: string, alias: string, reason: string) =>
  remove<m.Line>(`model-lines/${segments(line)}/aliases/${segments(alias)}`, { query: { reason } })
export const compareModels = (a: string, b: string) => get<m.VersionComparison>('model-comparison', { query: { a, b } })
export const modelPreview = (address: string, path: string) =>
  get<m.FilePreview>(`model-preview/${segments(address)}`, { query: { path } })
export const modelZip = (address: string) => url(`model-zip/${segments(address)}`)
export const fileModels = () => get<{ items: m.FileModel[] }>('store/models')
export const fileModel = (name: string) => get<m.FileModelDetail>(`store/models/${segments(name)}`)
export const fileEntries = (name: string, version: string) =>
  get<{ entries: m.StoredFile[] }>(`store/entries/files/${segments(name)}/${segments(version)}`)
export const fileContent = (name: string, version: string, path: string) =>
  `${url(`store/content/files/${segments(name)}/${segments(version)}`)}?${new URLSearchParams({ path }).toString()}`
export const modelFile = (address: string, name: string) => url(`models/${segments(address)}/files/${segments(name)}`)

export const startForecast = (body: t.ForecastSpec) => post<t.Forecast>('prediction', { body })
export const forecasts = (query: { project?: string; limit?: number; after?: string } = {}) =>
  get<t.Page<t.ForecastSummary>>('prediction', { query })
export const forecast = (id: string) => get<t.Forecast>(`prediction/${id}`)
export const deleteForecast = (id: string) => remove(`prediction/${id}`)
export const forecastCsv = (id: string) => url(`prediction/${id}/table.csv`)
export const forecastPng = (id: string) => url(`prediction/${id}/chart.png`)

export interface RunQuery {
  where?: string
  sort?: string
  limit?: number
  after?: string
}
export const runs = (query: RunQuery = {}) => get<t.Page<r.Run>>('runs', { query: { ...query } })
export const runCount = (where: string) => get<{ count: number }>('run-count', { query: { where } })
export const runFields = () => get<r.RunFields>('run-fields')
export const run = (name: string) => get<r.RunDetail>(`runs/${segments(name)}`)
export const changeRun = (name: string, body: r.RunChange) => patch<r.Run>(`runs/${segments(name)}`, { body })
export const deleteRun = (name: string) => remove(`runs/${segments(name)}`)
export const changeRuns = (body: r.Bulk) => post<r.BulkResult>('runs/bulk', { body })
export const runMetrics = (name: string) => get<{ items: NonNullable<r.LoggedMetrics['items']> }>(`runs/${segments(name)}/metrics`)
export const curve = (run: string, query: r.CurveQuery, { signal }: Signal = {}) =>
  get<Omit<r.RunCurve, 'run_name'>>(`runs/${segments(run)}/curve`, { query: { ...query }, signal })
export const curves = (body: r.CurvesQuery, { signal }: Signal = {}) => post<{ items: r.RunCurve[] }>('runs/curves', { body, signal })
export const resources = (name: string) => get<{ items: r.ResourceUse[] }>(`runs/${segments(name)}/resources`)
export const runLog = (name: string, query: { after?: number; limit?: number }) =>
  get<t.LogLines>(`runs/${segments(name)}/log`, { query })
export const searchRunLog = (name: string, search: string, query: { after?: number; limit?: number } = {}) =>
  get<Omit<t.LogLines, 'lines'> & { lines: r.LogLine[] }>(`runs/${segments(name)}/log`, { query: { ...query, search } })
export const runFile = (name: string, path: string) => url(`runs/${segments(name)}/files/${segments(path)}`)
export const compare = (names: string[]) => get<r.Comparison>('run-comparison', { query: { run: names } })
export const views = () => get<{ items: r.View[] }>('views')
export const saveView = (body: { name: string; page: 'runs'; query: string }) => post<r.View>('views', { body })
export const deleteView = (id: string) => remove(`views/${id}`)

export const users = () => get<{ items: p.User[] }>('users')
export const addUser = (body: Pick<p.User, 'id' | 'name' | 'role'>) => post<p.UserWithLogin>('users', { body })
export const changeUser = (id: string, body: Partial<Pick<p.User, 'name' | 'role' | 'disabled'>>) => patch<p.User>(`users/${segments(id)}`, { body })
export const removeUser = (id: string) => remove(`users/${segments(id)}`)
export const loginLink = (id: string) => post<p.UserWithLogin>(`users/${segments(id)}/login`)

export const projects = () => get<{ items: p.Project[] }>('projects')
export const addProject = (body: Pick<p.Project, 'name' | 'title' | 'visibility'>) => post<p.Project>('projects', { body })
export const changeProject = (name: string, body: Partial<Pick<p.Project, 'title' | 'visibility'>>) =>
  patch<p.Project>(`projects/${segments(name)}`, { body })
export const removeProject = (name: string) => remove(`projects/${segments(name)}`)
export const addMember = (project: string, user: string) => put<p.Project>(`projects/${segments(project)}/members/${segments(user)}`)
export const removeMember = (project: string, user: string) => remove(`projects/${segments(project)}/members/${segments(user)}`)

export const tokens = () => get<{ items: p.Token[] }>('tokens')
export const addToken = (name: string) => post<p.Token & { token: string }>('tokens', { body: { name } })
export const removeToken = (id: string) => remove(`tokens/${segments(id)}`)

export const storage = () => get<s.Storage>('storage')
export const policies = () => get<{ items: s.Policy[] }>('retention/policies')
export const putPolicy = (project: string, body: s.PolicyRules) =>
  put<s.Policy>(`retention/policies/${segments(project)}`, { body })
export const removePolicy = (project: string) => remove(`retention/policies/${segments(project)}`)
export interface PlanQuery {
  project?: string
  kind?: string
  goes?: string
  limit?: number
  after?: string
}
export const plan = (query: PlanQuery = {}) => get<s.Plan>('retention/plan', { query: { ...query } })
export const cleanUp = (body: { project?: string; digest?: string }) => post<s.CleanUp>('retention/run', { body })
export const cleaning = () => get<{ running: s.Cleaning | null }>('retention/run')
export const stopCleaning = () => remove('retention/run')
export const schedule = () => get<s.Schedule>('retention/schedule')
export const putSchedule = (body: Pick<s.Schedule, 'on' | 'hour'>) => put<s.Schedule>('retention/schedule', { body })
export const archiveItems = (query: { limit?: number; after?: string } = {}) => get<t.Page<s.ArchivedItem>>('archive', { query })
type Archivable = Pick<s.ArchivedItem, 'kind' | 'id'>
export const archive = (body: Archivable) => post('archive', { body })
export const restore = (body: Archivable) => post('archive/restore', { body })
