import { NEWEST } from './table'
import type { Run } from './types'

export interface Merged {
  rows: Run[]
  /** Those that no row stands for. */
  unknown: Run[]
}

/** Runs that changed, put in the place of their rows; what was deleted, or archived while `hides`, leaves. */
export function merged(rows: Run[], changed: Run[], hides: boolean): Merged {
  const newest = new Map(changed.map((run) => [run.run_name, run]))
  const gone = (run: Run) => run.deleted || (hides && run.archived)
  const known = new Set(rows.map(({ run_name }) => run_name))
  return {
    rows: rows.map((run) => newest.get(run.run_name) ?? run).filter((run) => !gone(run)),
    unknown: [...newest.values()].filter((run) => !known.has(run.run_name) && !gone(run)),
  }
}

const began = (run: Run) => Date.parse(run.created_at ?? '') || 0

/** Those that began after all that the rows show, the newest first. */
export function newer(rows: Run[], unknown: Run[]): Run[] {
  const last = Math.max(0, ...rows.map(began))
  return unknown.filter((run) => began(run) > last).sort((one, other) => began(other) - began(one))
}

/** Whether a new run can be told to belong on top without asking the server. */
export const goesOnTop = (sort: string, where: string) => sort === NEWEST && !where
