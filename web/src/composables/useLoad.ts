import { onScopeDispose, ref, shallowRef, watch, type WatchSource } from 'vue'
import { Problem } from '@/services/problem'

/** Something that is read from the server: the value, whether it is on its way, what went wrong, and another try. */
export function useLoad<T>(read: () => Promise<T>, sources: WatchSource[] = []) {
  const data = shallowRef<T>()
  const problem = shallowRef<Problem>()
  const loading = ref(false)
  let latest = 0

  async function load(): Promise<void> {
    const turn = ++latest
    loading.value = true
    problem.value = undefined
    try {
      const value = await read()
      if (turn === latest) data.value = value
    } catch (error) {
      if (turn === latest) problem.value = Problem.of(error)
    } finally {
      if (turn === latest) loading.value = false
    }
  }

  if (sources.length) watch(sources, load)
  onScopeDispose(() => latest++)
  void load()
  return { data, problem, loading, reload: load }
}
