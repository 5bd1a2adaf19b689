import { onScopeDispose } from 'vue'
import { live, type Cursor } from '@/services/live'

/** A topic of the live connection for as long as the component lives. */
export function useLive() {
  const leaves: (() => void)[] = []
  let gone = false
  onScopeDispose(() => {
    gone = true
    leaves.forEach((leave) => leave())
  })
  return {
    connected: live.connected,
    follow: <T>(topic: string, cursor: Cursor, receive: (items: T[]) => void) => {
      // A page may be left while what it follows from is still being read.
      if (!gone) leaves.push(live.subscribe(topic, cursor, receive as (items: unknown[]) => void))
    },
  }
}
