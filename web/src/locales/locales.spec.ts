import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import en from './en.json'
import zh from './zh.json'

type Tree = { [key: string]: string | Tree }

function flat(tree: Tree, above = ''): Map<string, string> {
  return new Map(
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === 'string' ? [[above + key, value] as const] : [...flat(value, `${above}${key}.`)],
    ),
  )
}
const english = flat(en)
const chinese = flat(zh)
const placeholders = (text: string) => new Set(text.match(/\{\w+\}/g))

describe('the two languages', () => {
  test('have the same keys', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
  })

  test('have the same placeholders in each text', () => {
    for (const [key, text] of english) expect([key, placeholders(chinese.get(key) ?? '')]).toEqual([key, placeholders(text)])
  })

  test('have every text that the source asks for', () => {
    const root = new URL('..', import.meta.url).pathname
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /(?<!\.spec)\.(vue|ts)$/.test(name))
    const asked = files.flatMap((name) =>
      [...readFileSync(root + name, 'utf8').matchAll(/\bt\(\s*'([\w.]+)'/g)].map(([, key]) => key!),
    )
    expect(asked.length).toBeGreaterThan(100)
    expect(asked.filter((key) => !english.has(key))).toEqual([])
  })
})
