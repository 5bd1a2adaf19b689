import { ref, watchEffect } from 'vue'

export type Theme = 'light' | 'dark'

const dark = window.matchMedia('(prefers-color-scheme: dark)')
const chosen = ref(localStorage.getItem('tidebook.theme') as Theme | null)
const system = ref<Theme>(dark.matches ? 'dark' : 'light')
const theme = ref<Theme>('light')

dark.addEventListener('change', () => (system.value = dark.matches ? 'dark' : 'light'))
watchEffect(() => {
  theme.value = chosen.value ?? system.value
  document.documentElement.dataset.theme = theme.value
})

/** Light or dark: the system's, until the user chooses. */
export function useTheme() {
  function toggle(): void {
    chosen.value = theme.value === 'dark' ? 'light' : 'dark'
    localStorage.setItem('tidebook.theme', chosen.value)
  }
  return { theme, toggle }
}
