// @vitest-environment jsdom
import { mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { createI18n } from 'vue-i18n'
import RunTable from './RunTable.vue'
import en from '@/locales/en.json'
import type { Run } from '@/services/runs/types'

const run = (run_name: string, wape: number | null, more: Partial<Run> = {}) =>
  ({ run_name, status: 'completed', lost: false, reason: null, params: { lr: 0.1 }, metrics: { wape }, tags: {}, ...more }) as unknown as Run
const rows = [run('c', 0.3), run('b', 0.1), run('a', null, { status: 'failed', lost: true, reason: 'lost: process 7 on north ended without a word' })]
const columns = ['run_name', 'status', 'metrics.wape', 'params.lr']
const table = (chosen: string[] = []) =>
  mount(RunTable, {
    props: { rows, columns, sort: '-created', chosen },
    global: { plugins: [createI18n({ legacy: false, locale: 'en', messages: { en } })], stubs: { RouterLink: { template: '<a><slot /></a>' } } },
    attachTo: document.body,
  })

test('the best value of a metric is bold, and a run whose process died says that it is lost', () => {
  const page = table()
  expect(page.findAll('.best').map((cell) => cell.text())).toEqual(['0.1000'])
  expect(page.get('[data-status=lost]').text()).toBe('Failed: lost')
  expect(page.get('[data-status=lost]').attributes('title')).toContain('process 7 on north')
})

test('a head sorts when clicked, and moves with Alt and an arrow', async () => {
  const page = table()
  const head = page.get('[data-column="metrics.wape"] button')
  await head.trigger('click')
  expect(page.emitted('sort')).toEqual([['metrics.wape']])
  await head.trigger('keydown', { key: 'ArrowLeft', altKey: true })
  await head.trigger('keydown', { key: 'ArrowLeft' })
  expect(page.emitted('columns')).toEqual([[['run_name', 'metrics.wape', 'status', 'params.lr']]])
})

test('a head that is dragged onto another takes its place', async () => {
  const page = table()
  await page.get('[data-column=run_name]').trigger('dragstart')
  await page.get('[data-column=status]').trigger('dragover')
  await page.get('[data-column=status]').trigger('drop')
  expect(page.emitted('columns')).toEqual([[['status', 'run_name', 'metrics.wape', 'params.lr']]])
})

test('runs are chosen one by one, through with Shift, and all at once', async () => {
  const page = table(['x'])
  const boxes = page.findAll('tbody input')
  await boxes[0]!.trigger('click')
  await boxes[2]!.trigger('click', { shiftKey: true })
  expect(page.emitted('choose')).toEqual([[['x', 'c']], [['x', 'c', 'b', 'a']]])
  await page.get('[data-testid=choose-all]').setValue(true)
  expect(page.emitted('choose')!.at(-1)).toEqual([['x', 'c', 'b', 'a']])
})
