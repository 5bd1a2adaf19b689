/** Every call that the pages make, one line each. */
import { get, post, put, remove, segments, upload, url } from './client'
import type * as t from './types'

type Signal = { signal?: AbortSignal }

export const session = () => get<t.Session>('session')
export const logout = () => remove('session')

export const datasets = (query: { limit?: number; after?: string } = {}) => get<t.Page<t.Dataset>>('datasets', { query })
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
export const tasks = (query: { state?: string; limit?: number; after?: string } = {}) =>
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
}
export const models = (query: ModelQuery = {}) => get<t.ModelPage>('models', { query: { ...query } })
export const model = (address: string) => get<t.ModelDetail>(`models/${segments(address)}`)
export const deleteModel = (address: string) => remove(`models/${segments(address)}`)
export const modelFile = (address: string, name: string) => url(`models/${segments(address)}/files/${segments(name)}`)

export const startForecast = (body: t.ForecastSpec) => post<t.Forecast>('prediction', { body })
export const forecasts = (query: { limit?: number; after?: string } = {}) =>
  get<t.Page<t.ForecastSummary>>('prediction', { query })
export const forecast = (id: string) => get<t.Forecast>(`prediction/${id}`)
export const deleteForecast = (id: string) => remove(`prediction/${id}`)
export const forecastCsv = (id: string) => url(`prediction/${id}/table.csv`)
export const forecastPng = (id: string) => url(`prediction/${id}/chart.png`)
