import { describe, expect, test } from 'vitest'
import { firstColumns, moved, nextSort, readColumns, readState, sortedBy, wholeFilter, writeColumns, writeState, type TableState } from './table'

const state: TableState = {
  where: 'metrics.wape < 0.1', sort: '-metrics.val, loss', columns: ['run_name', 'metrics.val, loss', 'params.100%'], project: 'north', chosen: ['a', 'b'],
}

describe('the state of the table', () => {
  test('comes back from the address as it was written', () => {
    const query = writeState(state) as Record<string, string>
    expect(readState(query, [])).toEqual(state)
  })

  test('takes the usual columns where the address names none', () => {
    expect(readState({}, ['run_name'])).toEqual({ where: '', sort: '-created', columns: ['run_name'], project: '', chosen: [] })
  })

  test('names the columns always, so that a link shows the same to everybody', () => {
    expect(writeState({ where: '', sort: '-created', columns: ['run_name', 'status'], project: '', chosen: [] })).toEqual({ columns: 'run_name,status' })
  })

  test('holds each column once, however the address was written', () => {
    expect(readColumns('status,,status,run_name')).toEqual(['status', 'run_name'])
    expect(readColumns(writeColumns(['a%2Cb', 'c,d']))).toEqual(['a%2Cb', 'c,d'])
  })
})

test('before anybody chose, the metrics that people look at first have columns', () => {
  expect(firstColumns({ metrics: ['zeta', 'loss', 'wape', 'alpha'], projects: [] }).slice(-3)).toEqual(['metrics.wape', 'metrics.loss', 'metrics.zeta'])
  expect(firstColumns({ metrics: [], projects: ['default'] })).toEqual(['run_name', 'status', 'created', 'duration', 'model_type'])
})

test('where there are several projects the table says whose a run is', () => {
  expect(firstColumns({ metrics: [], projects: ['default', 'north'] })).toContain('owner')
})

test('a column moves to any place, and nowhere outside of the table', () => {
  expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
  expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b'])
  const list = ['a', 'b']
  expect(moved(list, 0, -1)).toBe(list)
  expect(moved(list, 1, 2)).toBe(list)
})

test('a head that is clicked again turns the order; times begin with the newest', () => {
  expect(nextSort('-created', 'metrics.wape')).toBe('metrics.wape')
  expect(nextSort('metrics.wape', 'metrics.wape')).toBe('-metrics.wape')
  expect(nextSort('metrics.wape', 'created')).toBe('-created')
  expect(sortedBy('-created', 'created')).toBe('descending')
  expect(sortedBy('-created', 'status')).toBe('none')
})

test('a project narrows the whole of the filter', () => {
  expect(wholeFilter('a = 1 or b = 2', 'north')).toBe('(a = 1 or b = 2) and project = "north"')
  expect(wholeFilter('', 'north')).toBe('project = "north"')
  expect(wholeFilter(' a = 1 ', '')).toBe('a = 1')
})
