import { onScopeDispose } from 'vue'

const REST = 200 // milliseconds without another call before it is made

/** `act`, once its calls have come to rest; never after the component is gone. */
export function useDebounced<A extends unknown[]>(act: (...given: A) => void, rest = REST): (...given: A) => void {
  let waiting: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => clearTimeout(waiting))
  return (...given) => {
    clearTimeout(waiting)
    waiting = setTimeout(() => act(...given), rest)
  }
}
