import { computed } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'
import { steady } from './steady'
import { useLoad } from './useLoad'
import * as api from '@/services/api'
import { Problem } from '@/services/problem'
import { bestRun, dimensionsOf, firstMetric, inside, MOST, readCompare, writeRange, type CompareState } from '@/services/runs/compare'
import { quoted } from '@/services/runs/fields'
import type { Comparison, Run } from '@/services/runs/types'

const NOTHING: Comparison = { runs: [], params: [], metrics: [], tags: [] }
const NAMES: Partial<Record<keyof CompareState, string>> = { runs: 'run', shown: 'curve', dims: 'dim' }

/** The comparison of those that are there: a link may name some that are no more. */
async function read(names: string[]): Promise<Comparison> {
  try {
    return await api.compare(names)
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error
    const where = `run_name in (${names.map(quoted).join(', ')}) and (archived or not archived)`
    const { items } = await api.runs({ where, limit: MOST })
    const known = new Set(items.map(({ run_name }) => run_name))
    return known.size ? api.compare(names.filter((name) => known.has(name))) : NOTHING
  }
}

/** Runs side by side; all that is chosen stands in the address. */
export function useCompare() {
  const route = useRoute()
  const router = useRouter()
  // A part that is as before stays the same object: sorting a table draws no chart anew.
  const state = computed<CompareState>((before) => {
    const next = readCompare(route.query)
    const names = Object.keys(next) as (keyof CompareState)[]
    const kept = before && names.filter((name) => JSON.stringify(before[name]) === JSON.stringify(next[name]))
    return Object.assign(next, Object.fromEntries((kept ?? []).map((name) => [name, before![name]])))
  })
  const key = computed(() => state.value.runs.join('\n'))
  const { data, problem, loading, reload } = useLoad(
    async () => (state.value.runs.length ? read(state.value.runs) : NOTHING), [key],
  )

  function change(part: Partial<CompareState>): void {
    const query: LocationQueryRaw = { ...route.query }
    for (const [name, value] of Object.entries(part) as [keyof CompareState, CompareState[keyof CompareState]][]) {
      const written = name === 'within' ? part.within!.map(writeRange) : value === true ? '1' : value
      query[NAMES[name] ?? name] = Array.isArray(written) ? (written as string[]) : (written as string) || undefined
    }
    void router.replace({ query })
  }

  const comparison = computed(() => data.value ?? NOTHING)
  const shown = computed<Run[]>((before) => steady(comparison.value.runs.filter((run) => inside(run, state.value.within)), before))
  const metric = computed(() => {
    const { metrics } = comparison.value
    return metrics.some(({ name }) => name === state.value.metric) ? state.value.metric : firstMetric(metrics)
  })
  const lower = computed(() => comparison.value.metrics.find(({ name }) => name === metric.value)?.lower_is_better ?? undefined)
  const best = computed(() => (metric.value && lower.value !== undefined ? bestRun(shown.value, metric.value, lower.value) : undefined))
  const base = computed(() => comparison.value.runs.find(({ run_name }) => run_name === state.value.base))
  const dimensions = computed(() => dimensionsOf(comparison.value))

  return { state, change, data, comparison, problem, loading, reload, shown, metric, lower, best, base, dimensions }
}
