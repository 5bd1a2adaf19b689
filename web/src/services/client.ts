import { Problem, type ProblemDocument } from './problem'

type Value = string | number | boolean | null | undefined
type Query = Record<string, Value | Value[]>

export interface Request {
  query?: Query
  body?: unknown
  signal?: AbortSignal
}

/** Called when the server no longer knows who is asking; the session store sets it. */
export const onUnauthorised: { handler: () => void } = { handler: () => undefined }

export const get = <T>(path: string, request: Request = {}) => send<T>('GET', path, request)
export const post = <T>(path: string, request: Request = {}) => send<T>('POST', path, request)
export const put = <T>(path: string, request: Request = {}) => send<T>('PUT', path, request)
export const patch = <T>(path: string, request: Request = {}) => send<T>('PATCH', path, request)
export const remove = <T = void>(path: string, request: Request = {}) => send<T>('DELETE', path, request)

/** A file of the server as text. */
export async function text(address: string, signal?: AbortSignal): Promise<string> {
  const response = await fetch(address, { signal, headers: spoken() })
  const read = await response.text()
  if (response.ok) return read
  throw refused(response.status, read)
}

/** Asks for problems in the language of the page. */
const spoken = () => ({ 'accept-language': document.documentElement.lang || 'en' })

async function send<T>(method: string, path: string, { query, body, signal }: Request): Promise<T> {
  const response = await fetch(url(path, query), {
    method,
    signal,
    headers: { ...spoken(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const text = await response.text()
  if (response.ok) return (text ? JSON.parse(text) : undefined) as T
  throw refused(response.status, text)
}

/** Sends a file with its progress, which fetch cannot tell. */
export function upload<T>(path: string, form: FormData, progress: (share: number) => void, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', url(path))
    for (const [name, value] of Object.entries(spoken())) request.setRequestHeader(name, value)
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total)
    request.onload = () =>
      request.status < 300
        ? resolve(JSON.parse(request.responseText) as T)
        : reject(refused(request.status, request.responseText))
    request.onerror = () => reject(new Problem({ status: 0 }))
    request.onabort = () => reject(new DOMException('Aborted', 'AbortError'))
    signal.addEventListener('abort', () => request.abort())
    request.send(form)
  })
}

/** The address of something below /api that the browser itself fetches: a link, an image. A list is its name again for each. */
export function url(path: string, query: Query = {}): string {
  const given = Object.entries(query)
    .flatMap(([name, value]) => [value].flat().map((one) => [name, one] as const))
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]))
  return `/api/${path}${search.size ? `?${search}` : ''}`
}

/** A path of several segments, each escaped. */
export const segments = (path: string) => path.split('/').map(encodeURIComponent).join('/')

function refused(status: number, text: string): Problem {
  if (status === 401) onUnauthorised.handler()
  try {
    return new Problem({ ...(JSON.parse(text) as ProblemDocument), status })
  } catch {
    return new Problem({ status, detail: text.slice(0, 300) || `HTTP ${status}` })
  }
}
