import { onScopeDispose, shallowRef } from 'vue'
import * as api from '@/services/api'
import type { Dataset } from '@/services/types'

const PAGE = 200

/** All registered datasets. `read` is done with the first page; the others are added as they come. */
export function useDatasets() {
  const items = shallowRef<Dataset[]>([])
  let gone = false
  onScopeDispose(() => (gone = true))

  async function add(after?: string): Promise<string | null> {
    const page = await api.datasets({ limit: PAGE, after })
    items.value = after ? [...items.value, ...page.items] : page.items
    return page.next
  }
  async function rest(next: string | null): Promise<void> {
    while (next && !gone) next = await add(next)
  }
  async function read(): Promise<Dataset[]> {
    void rest(await add()).catch(() => undefined) // what is there can be chosen; the next visit asks again
    return items.value
  }
  return { items, read }
}
