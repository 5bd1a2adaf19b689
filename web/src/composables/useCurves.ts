import { onScopeDispose, shallowRef, watch } from 'vue'
import * as api from '@/services/api'
import { Problem } from '@/services/problem'
import type { CurveLook } from '@/charts/curve'
import { nameOf, type Metric } from '@/services/curves'
import type { RunCurve } from '@/services/runs/types'

const REST = 1500 // milliseconds between two readings of a curve that grows
const FEW = 12 // curves of which a stretch is asked for one by one, in full
const FINER = 4 // times as many points of each, where there are more

export interface Wanted {
  runs: string[]
  metrics: Metric[]
  look: Pick<CurveLook, 'axis' | 'from' | 'to'>
  points: number
}

/** The curves of some runs and metrics; asked anew when what is wanted changes, and at most every now and then when they grew. */
export function useCurves(wanted: () => Wanted | undefined, grown: () => number = () => 0) {
  const items = shallowRef<RunCurve[]>()
  const problem = shallowRef<Problem>()
  let asking: AbortController | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let last = 0

  async function load(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    last = Date.now()
    asking?.abort()
    const query = wanted()
    if (!query || !query.runs.length || !query.metrics.length) return
    const turn = (asking = new AbortController())
    try {
      const read = await curvesOf(query, turn.signal)
      if (turn !== asking) return
      items.value = read
      problem.value = undefined
    } catch (error) {
      if (turn === asking && !turn.signal.aborted) problem.value = Problem.of(error)
    }
  }

  watch(() => JSON.stringify(key(wanted())), () => void load(), { immediate: true })
  watch(grown, () => (timer ??= setTimeout(() => void load(), Math.max(0, last + REST - Date.now()))))
  onScopeDispose(() => {
    clearTimeout(timer)
    asking?.abort()
  })
  return { items, problem, reload: load }
}

/** What must be asked anew when it changes; smoothing and the logarithm are done here. */
const key = (query: Wanted | undefined) =>
  query && [query.runs, query.metrics, query.points, query.look.axis, query.look.from, query.look.to]

async function curvesOf({ runs, metrics, look: { axis, from, to }, points }: Wanted, signal: AbortSignal): Promise<RunCurve[]> {
  const part = from !== undefined || to !== undefined
  if (part && runs.length * metrics.length <= FEW) {
    const asked = runs.flatMap((run_name) => metrics.map(({ name, phase }) =>
      api.curve(run_name, { name, phase, axis, from, to, points }, { signal }).then((curve) => ({ ...curve, run_name })),
    ))
    return Promise.all(asked)
  }
  const read = await api.curves({ runs, names: metrics.map(nameOf), axis, points: part ? FINER * points : points }, { signal })
  return read.items
}
