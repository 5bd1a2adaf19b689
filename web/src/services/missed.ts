/** Pages, and parts of pages, whose code did not load: because the server is away, or because it serves a newer UI. */
import { readonly, ref, shallowRef } from 'vue'
import type { Router } from 'vue-router'

export interface Missed {
  /** Where one wanted to go; where one is, for a part. */
  to: string
  part: boolean
  /** Whether the server answers all the same. */
  answers: boolean
}

const PATIENCE = 5000 // milliseconds that the server has to answer

/** Any answer is one, also that nobody is logged in. */
async function isThere(): Promise<boolean> {
  try {
    await fetch('/api/session', { signal: AbortSignal.timeout(PATIENCE) })
    return true
  } catch {
    return false
  }
}

export class MissedPages {
  private readonly shown = shallowRef<Missed>()
  private readonly asking = ref(false)
  readonly missed = readonly(this.shown)
  readonly busy = readonly(this.asking)
  private turn = 0

  constructor(
    private readonly answers: () => Promise<boolean> = isThere,
    /** Loads a page afresh: a browser may remember that a script was not there, and a newer UI has other names. */
    private readonly open: (to: string) => void = (to) => location.assign(to),
  ) {}

  /** Hears of every page of the router that does not open. */
  follow(router: Pick<Router, 'onError' | 'afterEach'>): void {
    router.onError((_error, to, from) => void this.note(to.fullPath, false, from.matched.length > 0))
    router.afterEach((_to, _from, failure) => failure || this.dismiss())
  }

  /** A part of the page that is open did not load. */
  missPart = (to: string): Promise<void> => this.note(to, true, false)

  dismiss = (): void => {
    this.turn++
    this.shown.value = undefined
    this.asking.value = false
  }

  /** Goes where one wanted to go as soon as the server is there. */
  again = async (): Promise<void> => {
    const wanted = this.shown.value
    if (!wanted || this.asking.value) return
    const turn = ++this.turn
    this.asking.value = true
    const there = await this.answers()
    if (turn !== this.turn) return
    this.asking.value = false
    if (there) this.open(wanted.to)
  }

  /** With `afresh` a page of a server that is there is loaded once more; the first page was just loaded. */
  private async note(to: string, part: boolean, afresh: boolean): Promise<void> {
    const turn = ++this.turn
    this.asking.value = false
    const answers = await this.answers()
    if (turn !== this.turn) return
    if (answers && afresh) this.open(to)
    else this.shown.value = { to, part, answers }
  }
}

export const missedPages = new MissedPages()
