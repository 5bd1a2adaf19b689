import { ref, shallowRef } from 'vue'
import { Problem } from '@/services/problem'

/** Something that is asked of the server by a button: whether it is under way and what went wrong. */
export function useAction<A extends unknown[], T>(act: (...given: A) => Promise<T>) {
  const busy = ref(false)
  const problem = shallowRef<Problem>()

  async function run(...given: A): Promise<T | undefined> {
    if (busy.value) return undefined
    busy.value = true
    problem.value = undefined
    try {
      return await act(...given)
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) problem.value = Problem.of(error)
      return undefined
    } finally {
      busy.value = false
    }
  }

  return { busy, problem, run }
}
