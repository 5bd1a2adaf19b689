import type { Progress, Task } from './types'

type Translate = (key: string, named: Record<string, unknown>) => string

/** Which model of how many is being trained, from 1: where a backtest fits anew, each fold has one of its own. */
export function fitOf({ fit, fits }: Pick<Progress, 'fit' | 'fits'>): { fit: number; fits: number } {
  return { fit: (fit ?? 0) + 1, fits: Math.max(1, fits ?? 1) }
}

/** How much of the epochs is done, from 0 to 1; early stopping may end it sooner. `epoch` counts those that are over. */
export function progressShare(progress: Progress | null): number {
  if (!progress?.epochs) return 0
  const within = progress.steps ? Math.min(1, progress.step / progress.steps) : 0
  const share = Math.min(1, (progress.epoch + within) / progress.epochs)
  const { fit, fits } = fitOf(progress)
  return Math.min(1, (fit - 1 + share) / fits)
}

/** The epoch that a task is in or, when it has ended, the last one; 0 before the first. */
export function currentEpoch({ state, progress }: Pick<Task, 'state' | 'progress'>): number {
  if (!progress?.epochs) return 0
  return state === 'RUNNING' ? Math.min(progress.epoch + 1, progress.epochs) : progress.epoch
}

/** Where a task stands: its place in the queue, what it prepares, or epoch and time left. */
export function progressWords(task: Task, t: Translate, duration: (seconds: number) => string): string {
  const { progress } = task
  if (task.state === 'CREATED') return task.queue_position ? t('task.queued', { n: task.queue_position }) : t('task.waiting', {})
  if (!progress?.epochs) return t('task.preparing', {})
  const fit = fitOf(progress)
  const which = fit.fits > 1 ? `${t('task.fitOf', fit)} · ` : ''
  const epoch = which + t('task.epochOf', { epoch: currentEpoch(task), epochs: progress.epochs })
  return progress.eta_seconds == null ? epoch : `${epoch} · ${t('task.left', { time: duration(progress.eta_seconds) })}`
}
