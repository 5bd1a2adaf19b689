/** The shapes that the pages speak of: those of the HTTP API, and where it says only "object", what is in it. */
import type { components } from './schema'

type Api = components['schemas']

export type Language = 'en' | 'zh'
export type Spoken = Record<Language, string>
export type Metrics = Record<string, number | null | undefined>

export interface Page<T> {
  items: T[]
  next: string | null
}

export type Session = Api['Session']
export type ColumnMapping = Api['ColumnMapping']
export type Finding = Api['Finding']
export type Dataset = Api['Dataset']
export type Preview = Omit<Api['Preview'], 'rows'> & { rows: (string | number | boolean | null)[][] }
export type Values = Api['SeriesValues']
export type Ids = Api['Ids']

/** A field of a JSON schema made from a dataclass of hyper-parameters. */
export interface SchemaProperty {
  type: 'integer' | 'number' | 'boolean' | 'string'
  default: number | boolean | string | null
  minimum?: number
  maximum?: number
  enum?: (string | number)[]
  title?: string
  description?: string
  'x-description-zh'?: string
}
export type ModelType = Omit<Api['ModelType'], 'schema'> & { schema: { properties?: Record<string, SchemaProperty> } }
export type ModelTypes = Omit<Api['ModelTypes'], 'items'> & { items: ModelType[] }

export type TrainSpec = Omit<Required<Api['TrainSpec']>, 'mapping' | 'known_future'> & { known_future: string[] | null }
export type Mode = TrainSpec['training_mode']
export type Aggregation = NonNullable<TrainSpec['aggregation_method']>
export type TrainCheck = Omit<Api['TrainingCheck'], 'parts'> & {
  parts: Record<'train' | 'validation' | 'test', Api['PartOfTime']>
}

interface Evaluated {
  metrics?: Metrics | null
  baseline?: Record<string, Metrics> | null
}
export type Progress = Api['Progress']
export type Task = Omit<Api['Task'], keyof Evaluated | 'spec'> & Evaluated & { spec: TrainSpec }
export type TaskState = Task['state']
export type LogLines = Api['LogLines']
export type MetricEntry = Api['MetricsEntry']
export type MetricEntries = Api['MetricsEntries']

export type Model = Omit<Api['ModelVersion'], keyof Evaluated> & Evaluated
export type ModelDetail = Omit<Api['ModelDetail'], keyof Evaluated | 'backtest'> & Evaluated & { backtest?: Backtest | null }
export type ModelPage = Omit<Api['ModelPage'], 'models'> & { models: Model[] }

/** What a model did from several origins, by the days ahead and by series. WAPE, skill and coverage are fractions. */
export type Backtest = Omit<Api['Backtest'], 'folds' | 'by_step' | 'by_series'> & {
  folds: Fold[]
  by_step: StepResult[]
  by_series: SeriesResult[]
}
export type Fold = Omit<Api['Fold'], 'metrics'> & { metrics: Metrics }
export type StepResult = Required<Api['StepResult']>
export type SeriesResult = Required<Api['SeriesResult']>
export type Coverage = Api['Coverage']
/** What `auto` tried or an `ensemble` is made of; `model_type` is an algorithm, or the address of a version. */
export interface Candidate {
  model_type: string
  validation_wape: number | null
  seconds: number | null
  weight: number | null
  note: Spoken | null
}

export type Curve = Api['Prediction']['series'][number]['history']
export type Interval = Api['Interval']
export type Forecast = Api['Prediction']
export type ForecastSummary = Api['PredictionSummary']
export type ForecastSpec = Partial<Api['ForecastSpec']>
