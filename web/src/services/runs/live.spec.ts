import { expect, test } from 'vitest'
import { goesOnTop, merged, newer } from './live'
import type { Run } from './types'

const run = (run_name: string, more: Partial<Run> = {}) => ({ run_name, created_at: `2026-11-0${run_name}T00:00:00+08:00`, archived: false, ...more }) as Run

test('a row changes in its place, with the last that was heard of it', () => {
  const { rows, unknown } = merged([run('2'), run('1')], [run('1', { status: 'training' }), run('1', { status: 'failed' }), run('3')], true)
  expect(rows.map(({ run_name, status }) => [run_name, status])).toEqual([['2', undefined], ['1', 'failed']])
  expect(unknown.map(({ run_name }) => run_name)).toEqual(['3'])
})

test('what was deleted leaves, and what was archived where archived runs are not shown', () => {
  const rows = [run('3'), run('2'), run('1')]
  const changed = [run('3', { deleted: true }), run('2', { archived: true })]
  expect(merged(rows, changed, true).rows.map(({ run_name }) => run_name)).toEqual(['1'])
  expect(merged(rows, changed, false).rows.map(({ run_name }) => run_name)).toEqual(['2', '1'])
})

test('new ones are those that began after all that is shown, compared as moments and not as text', () => {
  const shown = [run('2', { created_at: '2026-11-02T08:00:00+08:00' })]
  const early = run('a', { created_at: '2026-11-02T00:00:00+08:00' })
  const late = run('b', { created_at: '2026-11-02T01:00:00+00:00' })
  expect(newer(shown, [early, late]).map(({ run_name }) => run_name)).toEqual(['b'])
  expect(newer([], [early, late]).map(({ run_name }) => run_name)).toEqual(['b', 'a'])
})

test('only in the list of all runs by their beginning a new one is known to belong on top', () => {
  expect(goesOnTop('-created', '')).toBe(true)
  expect(goesOnTop('metrics.wape', '')).toBe(false)
  expect(goesOnTop('-created', 'status = failed')).toBe(false)
})
