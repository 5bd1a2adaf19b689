import { expect, test } from 'vitest'
import { grouped, groupOf, isRecommended } from './algorithms'

const type = (name: string, neural = false) => ({ name, neural })

test('algorithms come in groups, what is recommended first', () => {
  const found = grouped([type('tcn', true), type('seasonal_naive'), type('lstm', true), type('ensemble'), type('auto'), type('lightgbm')])
  expect(found.map(({ group, types }) => [group, types.map(({ name }) => name)])).toEqual([
    ['combined', ['auto', 'ensemble']],
    ['neural', ['lstm', 'tcn']],
    ['boosting', ['lightgbm']],
    ['classical', ['seasonal_naive']],
  ])
  expect(isRecommended(type('auto'))).toBe(true)
})

test('a plug-in is neural where it says so, else in a group of its own', () => {
  expect(groupOf(type('my_net', true))).toBe('neural')
  expect(groupOf(type('recent_mean'))).toBe('other')
})
