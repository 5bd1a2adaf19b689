/** The shapes that the pages of models and files speak of: those of the HTTP API, and where it says only "object", what is in it. */
import type { components } from '../schema'
import type { Model as Version } from '../types'

export type { Model as Version, ModelDetail as VersionDetail } from '../types'

type Api = components['schemas']

export type VersionChange = Partial<Pick<Version, 'tags' | 'notes' | 'pinned' | 'project'>>

export type Line = Omit<Api['ModelLine'], 'versions'> & { versions: Version[] }

export type Side = 'a' | 'b'
export type VersionComparison = Omit<Api['ModelComparison'], Side | 'metrics'> & Record<Side, Version> & { metrics: MetricDifference[] }
export type FileDifference = Api['ModelComparison']['files'][number]
export type ValueDifference = Api['ModelComparison']['facts'][number]
export type MetricDifference = Omit<Api['ModelComparison']['metrics'][number], Side> & Record<Side, number | null>

export type FilePreview = Omit<Api['FilePreview'], 'kind'> & { kind: 'text' | 'json' | 'image' | 'table' | 'binary' }
export type FileModel = Api['FileModel']
export type StoredFile = Api['StoredFile']
export type FileModelDetail = Api['FileModelDetail']
