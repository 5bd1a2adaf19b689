import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

/** Whether a part of the page has come into sight; once it has, it stays so. */
export function useSeen(part: Ref<HTMLElement | null>) {
  const seen = ref(false)
  let observer: IntersectionObserver | undefined
  onMounted(() => {
    observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return
      seen.value = true
      observer?.disconnect()
    }, { rootMargin: '200px' })
    if (part.value) observer.observe(part.value)
  })
  onBeforeUnmount(() => observer?.disconnect())
  return seen
}
