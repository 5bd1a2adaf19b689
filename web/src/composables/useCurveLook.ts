import { computed, ref, watch } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'
import { useDebounced } from './useDebounced'
import type { CurveLook } from '@/charts/curve'
import type { Axis } from '@/services/runs/types'

const AXES: Axis[] = ['step', 'time', 'epoch']
export const MOST = 0.99 // of the past in the mean

/** How curves are looked at, in the page's address. */
export function useCurveLook() {
  const route = useRoute()
  const router = useRouter()
  const number = (name: string) => {
    const text = route.query[name]
    return typeof text === 'string' && text !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined
  }
  const smooth = ref(0)
  watch(() => number('smooth'), (given) => (smooth.value = Math.min(MOST, Math.max(0, given ?? 0))), { immediate: true })

  const look = computed<CurveLook>(() => ({
    axis: AXES.find((axis) => axis === route.query.axis) ?? 'step',
    smooth: smooth.value,
    log: route.query.log === '1',
    from: number('from'),
    to: number('to'),
  }))
  const go = (query: LocationQueryRaw) => void router.replace({ query: { ...route.query, ...query } })
  const settle = useDebounced(() => go({ smooth: smooth.value || undefined }))

  /** The axis changes what a stretch means: it is left then. */
  function change(part: Partial<CurveLook>): void {
    if (part.smooth !== undefined) {
      smooth.value = part.smooth
      settle()
    }
    if ('axis' in part) go({ axis: part.axis === 'step' ? undefined : part.axis, from: undefined, to: undefined })
    if ('log' in part) go({ log: part.log ? '1' : undefined })
    if ('from' in part || 'to' in part) go({ from: part.from, to: part.to })
  }
  return { look, change }
}
