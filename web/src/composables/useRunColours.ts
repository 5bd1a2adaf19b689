import { computed } from 'vue'
import { useTheme } from './useTheme'
import { coloursOf, paletteOf } from '@/charts/runColours'

/** The colour of each of the runs that are shown together. */
export function useRunColours(names: () => string[]) {
  const { theme } = useTheme()
  const palette = computed(() => paletteOf(theme.value === 'dark'))
  const places = computed(() => coloursOf(names(), palette.value.length))
  return (name: string) => palette.value[places.value.get(name) ?? 0]!
}
