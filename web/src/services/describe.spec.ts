import { expect, test } from 'vitest'
import { inChinese } from './describe'

test.each([
  ['lstm · product · product P001 in all stores', 'lstm · 按药品 · 药品 P001，全部店铺'],
  ['lstm · product · product P001 in stores S001, S002', 'lstm · 按药品 · 药品 P001，店铺 S001、S002'],
  ['lstm · store · store S001, all products', 'lstm · 按店铺 · 店铺 S001，全部药品'],
  ['lstm · store · store S001, products P001, P002', 'lstm · 按店铺 · 店铺 S001，药品 P001、P002'],
  ['lstm · global · all series, each series as it is', 'lstm · 全局 · 全部序列，各序列独立'],
  ['lstm · global · 12 products in store S001, sum of the series', 'lstm · 全局 · 12 个药品，店铺 S001，求和'],
  ['a name that somebody gave', 'a name that somebody gave'],
])('%s', (english, chinese) => {
  expect(inChinese(english)).toBe(chinese)
})
