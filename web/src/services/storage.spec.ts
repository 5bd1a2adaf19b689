import { expect, test } from 'vitest'
import { secondsLeft } from './storage'

test('the time left follows the pace since the first look', () => {
  expect(secondsLeft({ at: 1000, done: 10 }, { at: 3000, done: 20 }, 60)).toBe(8)
  expect(secondsLeft({ at: 1000, done: 0 }, { at: 2000, done: 40 }, 40)).toBe(0)
})

test('nobody can tell the time left before something was done', () => {
  expect(secondsLeft({ at: 1000, done: 10 }, { at: 3000, done: 10 }, 60)).toBeUndefined()
  expect(secondsLeft({ at: 1000, done: 10 }, { at: 1000, done: 10 }, 60)).toBeUndefined()
})
