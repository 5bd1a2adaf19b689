import { onScopeDispose } from 'vue'

/** `act` once for all calls of a while, which begins with the first: calls that never come to rest do not hold it up. */
export function useGathered(act: () => void, wait: number): () => void {
  let waiting: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => clearTimeout(waiting))
  return () => {
    waiting ??= setTimeout(() => {
      waiting = undefined
      act()
    }, wait)
  }
}
