import { onScopeDispose, ref, shallowRef } from 'vue'
import { useLive } from './useLive'
import * as api from '@/services/api'
import { Problem } from '@/services/problem'

const BLOCK = 1000 // lines a request

/** The log of a task: all that is there, then what comes. */
export function useLog(id: string) {
  const lines = shallowRef<string[]>([])
  const problem = shallowRef<Problem>()
  const loaded = ref(false)
  const { follow } = useLive()
  let alive = true
  let cursor = 0
  onScopeDispose(() => (alive = false))

  async function load(): Promise<void> {
    problem.value = undefined
    try {
      for (let more = true; more && alive; ) {
        const block = await api.logs(id, cursor, BLOCK)
        lines.value = [...lines.value, ...block.lines]
        cursor = block.cursor
        more = block.lines.length === BLOCK
      }
      loaded.value = true
      if (alive) follow<string>(`training/${id}/logs`, cursor, (items) => (lines.value = [...lines.value, ...items]))
    } catch (error) {
      problem.value = Problem.of(error)
    }
  }

  void load()
  return { lines, problem, loaded, load }
}
