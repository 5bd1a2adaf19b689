/** An error of the server in its own words (RFC 9457): the rule, what was got, and how to fix it. */
export interface ProblemDocument {
  type?: string
  title?: string
  status?: number
  detail?: string
  rule?: string
  got?: string
  fix?: string
  details?: Record<string, unknown> | null
}

export class Problem extends Error {
  readonly status: number
  readonly rule: string
  readonly got: string
  readonly fix: string
  readonly details: Record<string, unknown>

  constructor(document: ProblemDocument) {
    super(document.detail ?? document.title ?? document.rule ?? '')
    this.status = document.status ?? 0
    this.rule = document.rule ?? document.title ?? ''
    this.got = document.got ?? ''
    this.fix = document.fix ?? ''
    this.details = document.details ?? {}
  }

  /** The problem that any thrown value tells of; status 0 where the server could not be reached at all. */
  static of(error: unknown): Problem {
    if (error instanceof Problem) return error
    return new Problem({ status: 0, detail: error instanceof Error ? error.message : String(error) })
  }
}
