// @vitest-environment jsdom
import { mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { createI18n } from 'vue-i18n'
import RunFilter from './RunFilter.vue'
import en from '@/locales/en.json'
import { Problem } from '@/services/problem'

const fields = { params: ['lr'], metrics: ['wape'], tags: [], model_types: ['lstm'], projects: [] }
const filter = (where = '', problem?: Problem) =>
  mount(RunFilter, {
    props: { where, fields, problem },
    global: { plugins: [createI18n({ legacy: false, locale: 'en', messages: { en } })] },
    attachTo: document.body,
  })

test('what can come next is chosen with the arrows and taken with Enter; Enter again asks', async () => {
  const page = filter()
  const input = page.get('input')
  await input.setValue('model')
  expect(page.findAll('[role=option]').map((option) => option.get('.mono').text())).toEqual(['model_type'])
  await input.trigger('keydown', { key: 'ArrowDown' })
  expect(input.attributes('aria-activedescendant')).toBe(page.get('[aria-selected=true]').attributes('id'))
  await input.trigger('keydown', { key: 'Enter' })
  await page.vm.$nextTick()
  expect(input.element.value).toBe('model_type ')
  expect(page.emitted('filter')).toBeUndefined()
  await input.setValue('model_type = lstm')
  await input.trigger('keydown', { key: 'Escape' })
  await input.trigger('keydown', { key: 'Enter' })
  expect(page.emitted('filter')).toEqual([['model_type = lstm']])
})

test('a mistake is marked at the place that the server names', () => {
  const problem = new Problem({
    status: 422, rule: 'A field must be one that runs have, at position 14', got: "'model_typ'", fix: 'Did you mean model_type?', details: { position: 14 },
  })
  const page = filter('wape < 1 and model_typ = lstm', problem)
  expect(page.get('mark').text()).toBe('model_typ')
  expect(page.get('[role=alert]').text()).toContain('Did you mean model_type?')
  expect(page.get('input').attributes('aria-invalid')).toBe('true')
})
