// @vitest-environment jsdom
import { mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { createI18n } from 'vue-i18n'
import SchemaForm from './SchemaForm.vue'
import en from '@/locales/en.json'
import type { SchemaProperty } from '@/services/types'

const properties: Record<string, SchemaProperty> = {
  epochs: { type: 'integer', default: 50, minimum: 1, maximum: 100, description: 'Passes over the data.' },
  positions: { type: 'string', default: 'all', enum: ['all', 'last'] },
}
const form = (values: Record<string, unknown> = {}) =>
  mount(SchemaForm, {
    props: { properties, values },
    global: { plugins: [createI18n({ legacy: false, locale: 'en', messages: { en } })] },
  })

test('defaults are shown and only what differs is handed on', async () => {
  const page = form()
  const epochs = page.get<HTMLInputElement>('[data-testid=hp-epochs]')
  expect(epochs.element.value).toBe('50')
  await epochs.setValue('20')
  expect(page.emitted('change')?.at(-1)).toEqual([{ epochs: 20 }, true])
  await page.get('[data-testid=hp-positions]').setValue('last')
  expect(page.emitted('change')?.at(-1)).toEqual([{ epochs: 20, positions: 'last' }, true])
})

test('a value out of its range is refused with the rule and what was typed', async () => {
  const page = form()
  await page.get('[data-testid=hp-epochs]').setValue('101')
  expect(page.text()).toContain('Must be between 1 and 100, but got 101.')
  expect(page.emitted('change')?.at(-1)).toEqual([{}, false])
})

test('what was changed is marked and can be reset', async () => {
  const page = form({ epochs: 5 })
  expect(page.get('.parameter').classes()).toContain('changed')
  await page.get('button').trigger('click')
  expect(page.get<HTMLInputElement>('[data-testid=hp-epochs]').element.value).toBe('50')
  expect(page.emitted('change')?.at(-1)).toEqual([{}, true])
})
