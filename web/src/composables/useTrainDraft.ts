import { computed, reactive, watch } from 'vue'
import { useRoute } from 'vue-router'
import * as api from '@/services/api'
import { projectsOf } from '@/services/people'
import type { Dataset, Mode, TrainSpec } from '@/services/types'
import { useProject } from '@/stores/project'
import { useSession } from '@/stores/session'

const blank = (): TrainSpec => ({
  dataset: '', training_mode: 'product', product_ids: [], store_ids: [], aggregation_method: null, model_type: 'lstm',
  hyperparameters: {}, known_future: null, train_start_date: null, train_end_date: null, validation_days: 28, test_days: 28,
  folds: 1, stride: null, refit: false, intervals: [80, 95], seed: 0, device: 'auto', name: '', project: 'default', publish: true,
})

/** The training that is being put together. All of it stands in the page's address, as what differs from a blank one. */
export function useTrainDraft() {
  const route = useRoute()
  const spec = reactive(blank())
  const session = useSession()
  const { chosen } = useProject()
  const own = projectsOf(session.session).find(({ name, role }) => name === chosen && role !== 'viewer')

  /** From the address: a dataset, a whole draft, or another task's training. */
  async function read(): Promise<void> {
    const { from, dataset, draft } = route.query
    if (own && !from && !draft) spec.project = own.name
    if (typeof from === 'string') {
      const { spec: before } = await api.task(from)
      for (const name of Object.keys(spec) as (keyof TrainSpec)[]) Object.assign(spec, { [name]: before[name] ?? spec[name] })
      spec.known_future = before.known_future
    } else if (typeof draft === 'string') {
      try {
        Object.assign(spec, JSON.parse(draft))
      } catch {
        // An address that was cut short: begin anew.
      }
    }
    if (typeof dataset === 'string') spec.dataset = dataset
    watch(spec, write)
  }

  function write(): void {
    const standard = blank()
    const changed = Object.entries(spec).filter(
      ([name, value]) => name !== 'dataset' && JSON.stringify(value) !== JSON.stringify(standard[name as keyof TrainSpec]),
    )
    const draft = changed.length ? JSON.stringify(Object.fromEntries(changed)) : undefined
    const query = new URLSearchParams({ ...(spec.dataset && { dataset: spec.dataset }), ...(draft && { draft }) })
    // Not through the router: a replacement there would cancel a way to another page that has just begun.
    const address = `${route.path}${query.size ? `?${query}` : ''}`
    history.replaceState({ ...history.state, current: address }, '', address)
  }

  /** Takes another dataset, and of its modes the first that it can have. */
  function take(dataset: Dataset, keep = false): void {
    spec.dataset = dataset.id
    if (!keep) Object.assign(spec, { product_ids: [], store_ids: [], known_future: null })
    if (!modes(dataset).includes(spec.training_mode)) setMode(modes(dataset)[0] ?? 'global')
  }

  function setMode(mode: Mode): void {
    spec.training_mode = mode
    spec.aggregation_method = mode === 'global' ? (spec.aggregation_method ?? 'sum') : null
    if (mode === 'product') spec.product_ids = spec.product_ids.slice(0, 1)
    if (mode === 'store') spec.store_ids = spec.store_ids.slice(0, 1)
  }

  const missing = computed(() => {
    if (!spec.dataset) return 'dataset'
    if (spec.training_mode === 'product' && spec.product_ids.length !== 1) return 'product'
    if (spec.training_mode === 'store' && spec.store_ids.length !== 1) return 'store'
    return undefined
  })

  return { spec, missing, read, take, setMode }
}

/** The modes that a dataset's columns allow. */
export function modes({ mapping }: Dataset): Mode[] {
  return [...(mapping.product ? ['product' as const] : []), ...(mapping.store ? ['store' as const] : []), 'global']
}
