import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocketServer, type WebSocket as Socket } from 'ws'
import { Live } from './live'

/** A server that, like ours, sends what a topic has after the cursor that it is told. */
class Server {
  lines: string[] = []
  subscriptions: unknown[] = []
  private following = new Map<Socket, number>()
  private server = new WebSocketServer({ port: 0 })

  constructor() {
    this.server.on('connection', (socket) => {
      socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as { type: string; cursor: number | null }
        this.subscriptions.push(message)
        if (message.type === 'subscribe') this.following.set(socket, message.cursor ?? 0)
        this.send()
      })
      socket.on('close', () => this.following.delete(socket))
    })
  }

  get address(): string {
    return `ws://127.0.0.1:${(this.server.address() as { port: number }).port}`
  }

  write(...lines: string[]): void {
    this.lines.push(...lines)
    this.send()
  }

  send(from?: number): void {
    for (const [socket, cursor] of this.following) {
      const items = this.lines.slice(from ?? cursor)
      if (!items.length) continue
      socket.send(JSON.stringify({ topic: 'log', cursor: this.lines.length, items }))
      this.following.set(socket, this.lines.length)
    }
  }

  cut(): void {
    for (const socket of this.server.clients) socket.terminate()
  }

  close(): void {
    this.cut()
    this.server.close()
  }
}

let server: Server
let live: Live
let got: string[]
const receive = (items: unknown[]) => got.push(...(items as string[]))

beforeEach(() => {
  server = new Server()
  live = new Live(() => server.address)
  got = []
})
afterEach(() => {
  live.close()
  server.close()
})

describe('the live connection', () => {
  test('hands on what is new after the cursor', async () => {
    server.write('a', 'b')
    live.subscribe('log', 1, receive)
    await vi.waitFor(() => expect(got).toEqual(['b']))
    server.write('c')
    await vi.waitFor(() => expect(got).toEqual(['b', 'c']))
  })

  test('loses and repeats nothing when it breaks and comes back', async () => {
    server.write('a')
    live.subscribe('log', 0, receive)
    await vi.waitFor(() => expect(got).toEqual(['a']))
    server.cut()
    server.write('b', 'c')
    await vi.waitFor(() => expect(got).toEqual(['a', 'b', 'c']), 3000)
    expect(server.subscriptions.at(-1)).toEqual({ type: 'subscribe', topic: 'log', cursor: 1 })
  })

  test('leaves out what it was sent before', async () => {
    server.write('a')
    live.subscribe('log', 0, receive)
    await vi.waitFor(() => expect(got).toEqual(['a']))
    server.send(0)
    server.write('b')
    await vi.waitFor(() => expect(got).toEqual(['a', 'b']))
  })

  test('tells the server when the last who listened has gone', async () => {
    const first = live.subscribe('log', 0, receive)
    const second = live.subscribe('log', 0, receive)
    await vi.waitFor(() => expect(server.subscriptions).toHaveLength(1))
    first()
    second()
    await vi.waitFor(() => expect(server.subscriptions.at(-1)).toEqual({ type: 'unsubscribe', topic: 'log' }))
  })
})
