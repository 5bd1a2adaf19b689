import { computed } from 'vue'
import { useTheme } from '@/composables/useTheme'

export interface Palette {
  paper: string
  ink: string
  ink2: string
  ink3: string
  rule: string
  rule2: string
  accent: string
  accentWash: string
  wrong: string
  sans: string
}

/** The colours of the page for what is drawn on a canvas; they follow the theme. */
export function usePalette() {
  const { theme } = useTheme()
  return computed<Palette>(() => {
    void theme.value
    const style = getComputedStyle(document.documentElement)
    const read = (name: string) => style.getPropertyValue(name).trim()
    return {
      paper: read('--paper'),
      ink: read('--ink'),
      ink2: read('--ink-2'),
      ink3: read('--ink-3'),
      rule: read('--rule'),
      rule2: read('--rule-2'),
      accent: read('--accent'),
      accentWash: read('--accent-wash'),
      wrong: read('--wrong'),
      sans: read('--sans'),
    }
  })
}
