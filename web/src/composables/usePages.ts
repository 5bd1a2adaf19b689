import { computed, onScopeDispose, ref, shallowRef, watch, type WatchSource } from 'vue'
import { Problem } from '@/services/problem'
import type { Page } from '@/services/types'

/** A list that the server gives in pages: the first, and more when asked for. */
export function usePages<T>(read: (after: string | undefined) => Promise<Page<T>>, sources: WatchSource[] = []) {
  const items = shallowRef<T[]>()
  const next = ref<string | null>(null)
  const problem = shallowRef<Problem>()
  const loading = ref(false)
  let latest = 0

  async function load(after?: string): Promise<void> {
    const turn = ++latest
    loading.value = true
    problem.value = undefined
    try {
      const page = await read(after)
      if (turn !== latest) return
      items.value = after ? [...(items.value ?? []), ...page.items] : page.items
      next.value = page.next
    } catch (error) {
      if (turn === latest) problem.value = Problem.of(error)
    } finally {
      if (turn === latest) loading.value = false
    }
  }

  if (sources.length) watch(sources, () => load())
  onScopeDispose(() => latest++)
  void load()
  return {
    items,
    problem,
    loading,
    hasMore: computed(() => next.value !== null),
    more: () => load(next.value ?? undefined),
    reload: () => load(),
  }
}
