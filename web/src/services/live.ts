/** The live connection: one WebSocket for all topics, which comes back by itself and goes on where it was. */
import { ref } from 'vue'
import type { ProblemDocument } from './problem'

export type Cursor = number | string | null

interface Message {
  topic: string
  cursor?: Cursor
  items?: unknown[]
  error?: ProblemDocument
}

type Receive = (items: unknown[]) => void

interface Topic {
  cursor: Cursor
  receivers: Set<Receive>
}

const FIRST_DELAY = 500 // milliseconds before the first attempt to come back; doubled up to LAST_DELAY
const LAST_DELAY = 15_000
const AGAIN = 5_000 // milliseconds until a topic that failed is asked for again

export class Live {
  readonly connected = ref(false)
  private socket: WebSocket | null = null
  private topics = new Map<string, Topic>()
  private delay = FIRST_DELAY
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly address: () => string) {}

  /** Hands on what is new in `topic` after `cursor`, until the function that it returns is called. */
  subscribe(topic: string, cursor: Cursor, receive: Receive): () => void {
    const known = this.topics.get(topic)
    if (known) known.receivers.add(receive)
    else {
      this.topics.set(topic, { cursor, receivers: new Set([receive]) })
      if (this.socket?.readyState === WebSocket.OPEN) this.say({ type: 'subscribe', topic, cursor })
      else this.connect()
    }
    return () => this.leave(topic, receive)
  }

  close(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.topics.clear()
    this.socket?.close()
    this.socket = null
    this.connected.value = false
  }

  private leave(name: string, receive: Receive): void {
    const topic = this.topics.get(name)
    if (!topic?.receivers.delete(receive) || topic.receivers.size) return
    this.topics.delete(name)
    if (this.socket?.readyState === WebSocket.OPEN) this.say({ type: 'unsubscribe', topic: name })
  }

  private connect(): void {
    if (this.socket || this.timer !== undefined) return
    const socket = new WebSocket(this.address())
    this.socket = socket
    socket.onopen = () => {
      this.delay = FIRST_DELAY
      this.connected.value = true
      for (const [topic, { cursor }] of this.topics) this.say({ type: 'subscribe', topic, cursor })
    }
    socket.onmessage = (event) => {
      if (socket === this.socket) this.take(JSON.parse(String(event.data)) as Message)
    }
    socket.onclose = () => {
      if (socket !== this.socket) return
      this.socket = null
      this.connected.value = false
      if (!this.topics.size) return
      this.timer = setTimeout(() => {
        this.timer = undefined
        this.connect()
      }, this.delay)
      this.delay = Math.min(this.delay * 2, LAST_DELAY)
    }
  }

  private take(message: Message): void {
    const topic = this.topics.get(message.topic)
    if (!topic) return
    if (message.error) setTimeout(() => this.again(message.topic, topic), AGAIN)
    if (!message.items) return
    // What a subscription that has ended still had on its way is known already.
    if (message.cursor != null && topic.cursor != null && Number(message.cursor) <= Number(topic.cursor)) return
    topic.cursor = message.cursor ?? topic.cursor
    for (const receive of topic.receivers) receive(message.items)
  }

  private again(name: string, topic: Topic): void {
    if (this.topics.get(name) !== topic || this.socket?.readyState !== WebSocket.OPEN) return
    this.say({ type: 'subscribe', topic: name, cursor: topic.cursor })
  }

  private say(message: object): void {
    this.socket?.send(JSON.stringify(message))
  }
}

export const live = new Live(() => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/live?language=${document.documentElement.lang}`)
