import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import * as api from '@/services/api'
import { onUnauthorised } from '@/services/client'
import { live } from '@/services/live'
import { Problem } from '@/services/problem'
import type { Session } from '@/services/types'

/** Who is asking, and whether the server knows them. */
export const useSession = defineStore('session', () => {
  const session = shallowRef<Session>()
  const state = ref<'asking' | 'in' | 'out' | 'unreachable'>('asking')
  const problem = shallowRef<Problem>()

  onUnauthorised.handler = () => {
    state.value = 'out'
    live.close()
  }

  async function ask(): Promise<void> {
    try {
      session.value = await api.session()
      state.value = 'in'
    } catch (error) {
      problem.value = Problem.of(error)
      if (problem.value.status !== 401) state.value = 'unreachable'
    }
  }

  async function leave(): Promise<void> {
    await api.logout()
    onUnauthorised.handler()
  }

  return { session, state, problem, ask, leave }
})
