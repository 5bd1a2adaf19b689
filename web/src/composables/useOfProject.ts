import { storeToRefs } from 'pinia'
import { useProject } from '@/stores/project'

/** Of a list what belongs to the project that is chosen in the header, or all. */
export function useOfProject() {
  const { chosen } = storeToRefs(useProject())
  const ofProject = <T extends { project: string }>(items: T[]) => (chosen.value ? items.filter(({ project }) => project === chosen.value) : items)
  return { chosen, ofProject }
}
