import { expect, test } from 'vitest'
import { currentEpoch, progressShare, progressWords } from './progress'
import type { Task } from './types'

const progress = { status: 'training', epoch: 3, epochs: 10, step: 5, steps: 10, updated_at: '2024-01-01T00:00:00Z', fit: 0, fits: 1 }

test('the share counts the epochs that are over and the steps of this one', () => {
  expect(progressShare(progress)).toBe(0.35)
  expect(progressShare({ ...progress, epoch: 10, step: 10 })).toBe(1)
  expect(progressShare({ ...progress, epochs: 0 })).toBe(0)
  expect(progressShare(null)).toBe(0)
})

test('the first epoch is the first, not preparation, and the last is not surpassed', () => {
  const task = { state: 'RUNNING', progress: { ...progress, epoch: 0, eta_seconds: null } } as Task
  const words = (key: string, named: Record<string, unknown>) => `${key} ${JSON.stringify(named)}`
  expect(progressWords(task, words, String)).toBe('task.epochOf {"epoch":1,"epochs":10}')
  expect(progressWords({ ...task, progress: null }, words, String)).toBe('task.preparing {}')
  expect(currentEpoch({ state: 'RUNNING', progress: { ...progress, epoch: 10 } })).toBe(10)
  expect(currentEpoch({ state: 'SUCCESS', progress: { ...progress, epoch: 7 } })).toBe(7)
})

test('where each fold has a model of its own, the share counts all of them and the words say which', () => {
  const second = { ...progress, fit: 1, fits: 4, eta_seconds: null }
  expect(progressShare(second)).toBe((1 + 0.35) / 4)
  const words = (key: string, named: Record<string, unknown>) => `${key} ${JSON.stringify(named)}`
  expect(progressWords({ state: 'RUNNING', progress: second } as Task, words, String)).toBe(
    'task.fitOf {"fit":2,"fits":4} · task.epochOf {"epoch":4,"epochs":10}',
  )
})
