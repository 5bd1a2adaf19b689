import { computed, shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { useDebounced } from './useDebounced'
import { useGathered } from './useGathered'
import { useLive } from './useLive'
import { useLoad } from './useLoad'
import { usePages } from './usePages'
import * as api from '@/services/api'
import { quoted, written } from '@/services/runs/fields'
import { goesOnTop, merged, newer } from '@/services/runs/live'
import { firstColumns, NEWEST, readColumns, readState, type TableState, wholeFilter, writeColumns, writeState } from '@/services/runs/table'
import type { Run, RunFields } from '@/services/runs/types'
import { useProject } from '@/stores/project'

const SIZE = 50
const PLACE = 'tidebook.runs.columns'
const NOTHING: RunFields = { params: [], metrics: [], tags: [], model_types: [], projects: [] }

/** The table of runs: its state in the address, its rows, and what changes in them while one looks. */
export function useRunTable() {
  const route = useRoute()
  const router = useRouter()
  const project = useProject()
  const { data: read, problem: fieldsProblem, reload: readFields } = useLoad(api.runFields)
  const fields = computed(() => read.value ?? NOTHING)
  const remembered = localStorage.getItem(PLACE)
  const usual = computed(() => (remembered ? readColumns(remembered) : firstColumns(fields.value)))

  // An address with nothing in it is one's own table; any other says all of what it shows.
  const bare = computed(() => Object.keys(route.query).length === 0)
  const state = computed<TableState>(() => {
    const found = readState(route.query, usual.value)
    return bare.value ? { ...found, project: project.chosen } : found
  })
  function change(part: Partial<TableState>): void {
    if (part.columns) localStorage.setItem(PLACE, writeColumns(part.columns))
    void router.replace({ query: writeState({ ...state.value, ...part }) })
  }
  watch([bare, () => read.value ?? fieldsProblem.value], ([empty, known]) => {
    if (empty && known && route.path === '/runs') change({})
  }, { immediate: true })
  watch(() => state.value.project, (shown) => !bare.value && (project.chosen = shown), { immediate: true })
  watch(() => project.chosen, (chosen) => chosen !== state.value.project && change({ project: chosen, chosen: [] }))

  const where = computed(() => wholeFilter(state.value.where, state.value.project))
  const order = computed(() => {
    const { sort } = state.value
    return sort.startsWith('-') ? `-${written(sort.slice(1))}` : written(sort)
  })
  const { items, problem, loading, hasMore, more, reload } = usePages(
    (after) => api.runs({ where: where.value, sort: order.value, limit: SIZE, after }).catch(asTyped), [where, order],
  )
  /** With a project the line is asked within brackets; a mistake is told with its place in the line as it was typed. */
  async function asTyped(error: unknown): Promise<never> {
    if (state.value.where && state.value.project) await api.runCount(state.value.where)
    throw error
  }
  // In any order but that of time the rows do not tell which runs are new.
  const { data: last, reload: readLast } = useLoad(async () => (await api.runs({ where: where.value, limit: 1 })).items, [where])
  const { data: total, reload: count } = useLoad(() => api.runCount(where.value), [where])

  const newest = shallowRef(new Map<string, Run>()) // by name, every run that was heard of since the page opened
  const begun = shallowRef<Run[]>([]) // those that were put on top
  const waiting = shallowRef(new Set<string>()) // those that began and have no place in this order
  const rows = computed(() => {
    const read = items.value
    if (!read) return undefined
    const known = new Set(read.map(({ run_name }) => run_name))
    const all = [...begun.value.filter(({ run_name }) => !known.has(run_name)), ...read]
    return merged(all, [...newest.value.values()], !/\barchived\b/.test(where.value)).rows
  })

  const { follow } = useLive()
  const hear = (runs: Run[]) => (newest.value = new Map([...newest.value, ...runs.map((run) => [run.run_name, run] as const)]))
  const unplaced: Run[] = []
  follow<Run>('runs', null, (changed) => {
    hear(changed)
    if (changed.some((run) => run.deleted)) recount()
    unplaced.push(...changed)
    place()
  })
  const recount = useDebounced(() => void count())
  const place = useGathered(async () => {
    const { unknown } = merged(rows.value ?? [], unplaced.splice(0), false)
    const fresh = newer(last.value ?? [], unknown.filter(({ run_name }) => !waiting.value.has(run_name)))
    const belong = await belonging(fresh)
    if (!belong.length) return
    recount()
    void readFields()
    if (state.value.sort === NEWEST) begun.value = [...belong, ...begun.value]
    else waiting.value = new Set([...waiting.value, ...belong.map(({ run_name }) => run_name)])
  }, 400)

  /** Those that the filter lets through; the server knows. */
  async function belonging(runs: Run[]): Promise<Run[]> {
    if (!runs.length || goesOnTop(state.value.sort, where.value)) return runs
    const names = `run_name in (${runs.map(({ run_name }) => quoted(run_name)).join(', ')})`
    const asked = where.value ? `(${where.value}) and ${names}` : names
    const found = await api.runs({ where: asked, limit: 100 }).catch(() => undefined)
    return found?.items ?? []
  }
  async function show(): Promise<void> {
    waiting.value = new Set()
    await Promise.all([reload(), readLast()])
  }
  watch([where, order], () => {
    waiting.value = new Set()
    begun.value = []
  })

  /** Changes rows here, before the live connection tells of it. */
  function apply(names: string[], changed: Partial<Run> | ((run: Run) => Partial<Run>)): void {
    const known = new Map([...(items.value ?? []), ...begun.value, ...newest.value.values()].map((run) => [run.run_name, run]))
    const runs = names.map((name) => known.get(name)).filter((run) => run !== undefined)
    hear(runs.map((run) => ({ ...run, ...(typeof changed === 'function' ? changed(run) : changed) })))
    recount()
  }

  return {
    state, change, fields, rows, problem, loading, hasMore, more, reload, waiting: computed(() => waiting.value.size), show, apply,
    total: computed(() => total.value?.count),
  }
}
