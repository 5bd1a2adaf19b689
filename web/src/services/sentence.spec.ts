import { expect, test } from 'vitest'
import { sentence, spoken } from './sentence'

test('a sentence ends as its language does, once', () => {
  expect(sentence('The version must exist')).toBe('The version must exist.')
  expect(sentence('版本必须存在')).toBe('版本必须存在。')
  expect(sentence('别名 prod 须是 v1')).toBe('别名 prod 须是 v1。')
  expect(['Is it there?', '它在吗？', '已有。', 'Done.', ''].map(sentence)).toEqual(['Is it there?', '它在吗？', '已有。', 'Done.', ''])
})

test('sentences stand after one another without a gap in Chinese', () => {
  expect(spoken('The run must exist', 'Choose one.')).toBe('The run must exist. Choose one.')
  expect(spoken('运行必须存在', '请另选一个')).toBe('运行必须存在。请另选一个。')
  expect(spoken('运行必须存在', '')).toBe('运行必须存在。')
})
