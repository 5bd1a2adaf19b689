import { expect, test } from 'vitest'
import { besides, lanesOf, layout, pointsOf, type Flag } from './timeline'
import type { Version } from '@/services/models/types'

const version = (number: number, more: Partial<Version> = {}) => ({
  version: `v${number}`, address: `product/P001_all/lstm/v${number}`, validation: { wape: 0.1 + number / 100, end: '2024-12-03' },
  timestamp: '2024-12-31T08:00:00Z', archived: null, ...more,
}) as Version
const alias = (name: string, of: string) => ({ alias: name, version: of, by: 'mei', at: '', reason: '' })
const point = (number: number, flags: string[] = []) => ({
  version: `v${number}`, address: `v${number}`, error: 0.1, until: null, published: null, flags, best: false, archived: false,
})

function disturbed(flags: Flag[]): string[] {
  return flags.flatMap((one, index) => flags.flatMap((other, place) => {
    if (index === place) return []
    const words = one.lane === other.lane && one.from < other.to && other.from < one.to
    const stem = one.lane <= other.lane && other.at > one.from && other.at < one.to
    return words || stem ? [`${index} by ${place}`] : []
  }))
}

test('best and aliases stand as flags on their version, best first', () => {
  const points = pointsOf({ versions: [version(1), version(2)], best: 'v2', aliases: [alias('production', 'v2'), alias('old', 'v1')] }, 'best')
  expect(points.map(({ flags }) => flags)).toEqual([['old'], ['best', 'production']])
  expect(points.map(({ best }) => best)).toEqual([false, true])
})

test('a version without a validated error, or in the archive, keeps its place', () => {
  const archived = { url: 's3://cold/x', archived_at: '', bytes: 1 }
  const points = pointsOf({ versions: [version(1, { validation: null }), version(2, { archived })], best: null, aliases: [] }, 'best')
  expect(points.map(({ error, archived: cold }) => [error === null, cold])).toEqual([[true, false], [false, true]])
})

test('flags that are far apart share the lowest lane', () => {
  expect(lanesOf([{ at: 50, width: 40 }, { at: 200, width: 60 }], 600).map(({ lane }) => lane)).toEqual([0, 0])
})

test('flags of neighbours go to lanes of their own, and no stem goes through words', () => {
  const flags = lanesOf([{ at: 50, width: 90 }, { at: 80, width: 90 }, { at: 110, width: 90 }], 600)
  expect(new Set(flags.map(({ lane }) => lane)).size).toBe(3)
  expect(disturbed(flags)).toEqual([])
})

test('words at the right edge move to the left and stay within the figure', () => {
  const flags = lanesOf([{ at: 500, width: 90 }, { at: 560, width: 120 }, { at: 590, width: 60 }], 600)
  expect(Math.max(...flags.map(({ to }) => to))).toBeLessThanOrEqual(600)
  expect(disturbed(flags)).toEqual([])
})

test('one version stands at the left with its day; hundreds share the width', () => {
  const one = layout([point(1, ['best'])], 1000)
  expect(one.dated).toBe(true)
  expect(one.right).toBeGreaterThan(700)
  const many = layout(Array.from({ length: 400 }, (_, index) => point(index)), 1000)
  expect(many.dated).toBe(false)
  expect(many.right).toBeCloseTo(12)
  expect(many.flags).toEqual([])
})

test('the versions before and after are those of the line; a gone one has none', () => {
  const versions = [version(1), version(3), version(4)]
  expect(besides(versions, versions[1]!.address)).toEqual({ before: versions[0], after: versions[2] })
  expect(besides(versions, versions[0]!.address).before).toBeUndefined()
  expect(besides(versions, 'product/P001_all/lstm/v2')).toEqual({})
})
