import type { Metrics } from './types'

/** The metrics in the order in which they are read; `lower` is better, or higher. */
export const METRICS = [
  { name: 'wape', lower: true },
  { name: 'mae', lower: true },
  { name: 'rmse', lower: true },
  { name: 'mase', lower: true },
  { name: 'smape', lower: true },
  { name: 'mape', lower: true },
  { name: 'r2', lower: false },
  { name: 'direction_accuracy', lower: false },
]

/** Those that come in percent; wape is a fraction. */
export const PERCENT = new Set(['mape', 'smape', 'direction_accuracy'])

/** By how many percent the WAPE is below that of the best naive forecast; negative where it is above. */
export function betterBy(metrics: Metrics, baseline: Record<string, Metrics>): { name: string; percent: number } | undefined {
  const naive = Object.entries(baseline)
    .filter(([, values]) => values.wape != null && values.wape > 0)
    .sort(([, one], [, other]) => one.wape! - other.wape!)[0]
  if (!naive || metrics.wape == null) return undefined
  return { name: naive[0], percent: 100 * (1 - metrics.wape / naive[1].wape!) }
}
