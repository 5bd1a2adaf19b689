import { computed } from 'vue'
import { useSession } from '@/stores/session'

/** Whether a list holds what others own: only then it says whose each is. */
export function useOwners(rows: () => { owner?: string | null }[]) {
  const session = useSession()
  return computed(() => rows().some(({ owner }) => owner && owner !== session.session?.user.id))
}
