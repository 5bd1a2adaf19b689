// @vitest-environment jsdom
import { mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { createI18n } from 'vue-i18n'
import BacktestSeries from './BacktestSeries.vue'
import en from '@/locales/en.json'

const rows = Array.from({ length: 120 }, (_, index) => ({
  series: `P1 · S${index + 1}`, product_id: 'P1', store_id: `S${index + 1}`, wape: (index + 1) / 1000, mae: index, baseline_wape: 0.06, skill: 1 - (index + 1) / 60, points: 28,
}))
const table = () =>
  mount(BacktestSeries, {
    props: { rows, naive: 'Naive, 14 days' },
    global: { plugins: [createI18n({ legacy: false, locale: 'en', messages: { en } })] },
  })
const names = (page: ReturnType<typeof table>) => page.findAll('tbody tr').map((line) => line.get('td').text())

test('the worst series come first, fifty at a time', async () => {
  const page = table()
  expect(names(page)).toHaveLength(50)
  expect(names(page)[0]).toBe('P1 · S120')
  expect(page.text()).toContain('60 of 120 worse than the naive forecast')
  await page.findAll('nav button')[1]!.trigger('click')
  expect(names(page)[0]).toBe('P1 · S70')
})

test('a head that is clicked sorts by its column, says so, and begins at the first page', async () => {
  const page = table()
  await page.findAll('nav button')[1]!.trigger('click')
  await page.get('[data-testid=sort-series] button').trigger('click')
  expect(names(page)[0]).toBe('P1 · S1')
  expect(page.get('[data-testid=sort-series]').attributes('aria-sort')).toBe('ascending')
  expect(page.get('[data-testid=sort-wape]').attributes('aria-sort')).toBe('none')
})

test('one of many is found by its name', async () => {
  const page = table()
  await page.get('[data-testid=backtest-search]').setValue('s11')
  expect(names(page)).toEqual(['P1 · S119', 'P1 · S118', 'P1 · S117', 'P1 · S116', 'P1 · S115', 'P1 · S114', 'P1 · S113', 'P1 · S112', 'P1 · S111', 'P1 · S110', 'P1 · S11'])
})
