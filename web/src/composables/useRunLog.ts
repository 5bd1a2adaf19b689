import { onScopeDispose, ref, shallowRef } from 'vue'
import * as api from '@/services/api'
import { live } from '@/services/live'
import { Problem } from '@/services/problem'

const BLOCK = 128 * 1024 // bytes of the end that are read first; four times as many at each further asking
const LINES = 5000 // a request

/** The end of a run's log and what comes; more of what is before is read when asked for. Cursors are positions in bytes. */
export function useRunLog(name: string, size: number, grows: () => boolean) {
  const lines = shallowRef<string[]>([])
  const problem = shallowRef<Problem>()
  const loaded = ref(false)
  let room = BLOCK
  const start = ref(Math.max(0, size - room))
  let leave: (() => void) | undefined
  let alive = true
  onScopeDispose(() => {
    alive = false
    leave?.()
  })

  async function load(): Promise<void> {
    problem.value = undefined
    leave?.()
    try {
      const { found, cursor } = await read(start.value)
      lines.value = start.value > 0 ? found.slice(1) : found // the first began before
      loaded.value = true
      if (alive && grows()) leave = live.subscribe(`runs/${name}/logs`, cursor, (items) => (lines.value = [...lines.value, ...(items as string[])]))
    } catch (error) {
      problem.value = Problem.of(error)
    }
  }

  async function read(from: number): Promise<{ found: string[]; cursor: number }> {
    const found: string[] = []
    let cursor = from
    while (alive) {
      const block = await api.runLog(name, { after: cursor, limit: LINES })
      found.push(...block.lines)
      if (block.cursor <= cursor) break
      cursor = block.cursor
    }
    return { found, cursor }
  }

  function earlier(): Promise<void> {
    room *= 4
    start.value = Math.max(0, size - room)
    return load()
  }

  void load()
  return { lines, problem, loaded, start, load, earlier }
}
