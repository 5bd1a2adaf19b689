import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope } from 'vue'
import { useGathered } from './useGathered'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('calls that never come to rest are answered all the same, once in a while', () => {
  let acted = 0
  const call = effectScope().run(() => useGathered(() => acted++, 400))!
  for (let time = 0; time < 1000; time += 100) {
    call()
    vi.advanceTimersByTime(100)
  }
  expect(acted).toBe(2)
})

test('nothing is done once its page is gone', () => {
  let acted = 0
  const scope = effectScope()
  scope.run(() => useGathered(() => acted++, 400))!()
  scope.stop()
  vi.advanceTimersByTime(1000)
  expect(acted).toBe(0)
})
