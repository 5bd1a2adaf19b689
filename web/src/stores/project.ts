import { defineStore } from 'pinia'
import { ref, watch } from 'vue'

const PLACE = 'tidebook.project'

/** The project that lists are narrowed to; empty for all of them. Remembered by the browser. */
export const useProject = defineStore('project', () => {
  const chosen = ref(localStorage.getItem(PLACE) ?? '')
  watch(chosen, (project) => localStorage.setItem(PLACE, project))
  /** Whether something that came live belongs to it; lists are narrowed by the server. */
  const has = (thing: { project: string }) => !chosen.value || thing.project === chosen.value
  return { chosen, has }
})
