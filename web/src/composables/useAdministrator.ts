import { computed } from 'vue'
import { useSession } from '@/stores/session'

/** Whether who is logged in may do what only administrators may. */
export function useAdministrator() {
  const session = useSession()
  return computed(() => session.session?.user.role === 'administrator')
}
