import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import * as api from '@/services/api'
import type { ModelTypes } from '@/services/types'

/** The algorithms; asked for once, and again after a failure. */
export const useModelTypes = defineStore('modelTypes', () => {
  const found = shallowRef<ModelTypes>()
  let asked: Promise<void> | undefined

  async function read(): Promise<void> {
    asked ??= api.modelTypes().then((answer) => void (found.value = answer))
    try {
      await asked
    } catch (error) {
      asked = undefined
      throw error
    }
  }

  const title = (name: string) => found.value?.items.find((type) => type.name === name)?.title ?? name
  return { found, read, title }
})
