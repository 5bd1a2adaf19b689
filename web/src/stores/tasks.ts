import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import * as api from '@/services/api'
import { live } from '@/services/live'
import type { Task } from '@/services/types'

export const isActive = (task: Task) => task.state === 'CREATED' || task.state === 'RUNNING'

/** The newest tasks, kept true by the live connection. */
export const useTasks = defineStore('tasks', () => {
  const byId = shallowRef(new Map<string, Task>())
  let leave: (() => void) | undefined

  function take(tasks: Task[]): void {
    const next = new Map(byId.value)
    for (const task of tasks) next.set(task.id, task)
    byId.value = next
  }

  /** Reads what runs and waits now, then follows every change. */
  async function follow(): Promise<void> {
    if (leave) return
    leave = live.subscribe('training', null, (items) => take(items as Task[]))
    const found = await Promise.all(['RUNNING', 'CREATED'].map((state) => api.tasks({ state, limit: 100 })))
    // What came live in the meantime is newer.
    take(found.flatMap((page) => page.items).filter((task) => !byId.value.has(task.id)))
  }

  function unfollow(): void {
    leave?.()
    leave = undefined
  }

  const active = computed(() => [...byId.value.values()].filter(isActive))
  const running = computed(() => active.value.filter((task) => task.state === 'RUNNING'))
  /** The newer state of tasks that a list has read before. */
  const fresh = (tasks: Task[]) => tasks.map((task) => byId.value.get(task.id) ?? task)

  return { byId, active, running, take, follow, unfollow, fresh }
})
