import { shallowRef } from 'vue'
import { useAction } from './useAction'
import * as api from '@/services/api'
import type { Bulk, BulkResult } from '@/services/runs/types'

/** Something that is done to many runs at once: what could not be done is kept with its reason, and the last can be undone. */
export function useBulk(done: (names: string[], what: Bulk) => void) {
  const failed = shallowRef<BulkResult['failed']>([])
  const last = shallowRef<Bulk>() // what `undo` takes back
  const { busy, problem, run } = useAction(async (what: Bulk) => {
    const result = await api.changeRuns(what)
    failed.value = result.failed
    last.value = what.action === 'archive' && result.done.length ? { ...what, runs: result.done } : undefined
    done(result.done, what)
    return result
  })
  const undo = () => last.value && run({ runs: last.value.runs, action: 'unarchive' })
  return { busy, problem, run, undo, failed, last }
}
