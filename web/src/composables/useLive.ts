import { onScopeDispose } from 'vue'
import { live, type Cursor } from '@/services/live'

/** A topic of the live connection for as long as the component lives. */
export function useLive() {
  const leaves: (() => void)[] = []
  onScopeDispose(() => leaves.forEach((leave) => leave()))
  return {
    connected: live.connected,
    follow: <T>(topic: string, cursor: Cursor, receive: (items: T[]) => void) => {
      leaves.push(live.subscribe(topic, cursor, receive as (items: unknown[]) => void))
    },
  }
}
