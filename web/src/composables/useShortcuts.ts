import { onMounted, onUnmounted, ref } from 'vue'
import { useRouter } from 'vue-router'

/** After `g`: where a letter goes. */
export const GO: Record<string, string> = {
  h: '/', d: '/data', t: '/train', k: '/tasks', r: '/runs', m: '/models', f: '/forecast', y: '/history', o: '/storage', s: '/settings',
}
const PATIENCE = 1500 // milliseconds in which the second key must follow

/** The keys of the whole application: `/` search, `g` and a letter, `?` help. */
export function useShortcuts() {
  const router = useRouter()
  const help = ref(false)
  let waiting = 0

  function typing(target: EventTarget | null): boolean {
    return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  }

  function press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return
    if (document.querySelector('dialog[open]')) return
    const goes = Date.now() < waiting ? GO[event.key] : undefined
    waiting = event.key === 'g' && !goes ? Date.now() + PATIENCE : 0
    if (goes) void router.push(goes)
    else if (event.key === '?') help.value = true
    else if (event.key === '/') {
      const fields = document.querySelectorAll<HTMLInputElement>('main input[type=search], header input[type=search]')
      const field = [...fields].reverse().find((found) => found.offsetParent !== null)
      if (!field) return
      field.focus()
      field.select()
    } else return
    event.preventDefault()
  }

  onMounted(() => window.addEventListener('keydown', press))
  onUnmounted(() => window.removeEventListener('keydown', press))
  return { help }
}
