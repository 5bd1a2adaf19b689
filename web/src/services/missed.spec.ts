// @vitest-environment jsdom
import { expect, test, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { MissedPages } from './missed'

/** A router whose page /away does not load, and whether the server is there. */
function site(there: boolean) {
  const server = { there }
  const open = vi.fn()
  const pages = new MissedPages(async () => server.there, open)
  const page = { template: '<p />' }
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: page },
      { path: '/other', component: page },
      { path: '/away', component: () => Promise.reject(new TypeError('Failed to fetch dynamically imported module')) },
    ],
  })
  pages.follow(router)
  return { server, open, pages, router, go: (to: string) => router.push(to).catch(() => undefined) }
}

test('a page that does not load while the server is away is told of, and one stays where one is', async () => {
  const { pages, router, open, go } = site(false)
  await go('/')
  await go('/away?tab=log')
  await vi.waitFor(() => expect(pages.missed.value).toEqual({ to: '/away?tab=log', part: false, answers: false }))
  expect(router.currentRoute.value.path).toBe('/')
  expect(open).not.toHaveBeenCalled()
})

test('trying again opens the page that was wanted, once the server is back', async () => {
  const { server, pages, open, go } = site(false)
  await go('/')
  await go('/away')
  await vi.waitFor(() => expect(pages.missed.value).toBeDefined())
  await pages.again()
  expect(open).not.toHaveBeenCalled()
  expect(pages.missed.value).toBeDefined()
  server.there = true
  await pages.again()
  expect(open).toHaveBeenCalledExactlyOnceWith('/away')
})

test('another page that opens, or closing it, takes the notice away', async () => {
  const { pages, go } = site(false)
  await go('/')
  await go('/away')
  await vi.waitFor(() => expect(pages.missed.value).toBeDefined())
  await go('/other')
  expect(pages.missed.value).toBeUndefined()
  await pages.missPart('/other')
  expect(pages.missed.value).toEqual({ to: '/other', part: true, answers: false })
  pages.dismiss()
  expect(pages.missed.value).toBeUndefined()
})

test('a page of a server that is there is loaded afresh, since a newer UI has other names', async () => {
  const { pages, open, go } = site(true)
  await go('/')
  await go('/away')
  await vi.waitFor(() => expect(open).toHaveBeenCalledExactlyOnceWith('/away'))
  expect(pages.missed.value).toBeUndefined()
})

test('the first page is not loaded again and again', async () => {
  const { pages, open, go } = site(true)
  await go('/away')
  await vi.waitFor(() => expect(pages.missed.value).toEqual({ to: '/away', part: false, answers: true }))
  expect(open).not.toHaveBeenCalled()
})
