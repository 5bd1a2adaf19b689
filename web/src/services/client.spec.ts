import { afterEach, describe, expect, it, vi } from 'vitest'
import { get, post } from './client'

const asked = () => vi.mocked(fetch).mock.calls.map(([, options]) => options?.headers)

describe('a request', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('asks for problems in the language of the page', async () => {
    vi.stubGlobal('document', { documentElement: { lang: 'zh-CN' } })
    vi.stubGlobal('fetch', vi.fn(async () => new Response('{}')))
    await get('runs')
    await post('runs/bulk', { body: {} })
    expect(asked()).toEqual([
      { 'accept-language': 'zh-CN' },
      { 'accept-language': 'zh-CN', 'content-type': 'application/json' },
    ])
  })
})
