/** What is done to a curve before it is drawn. */

/**
 * The exponential mean of what came so far, with the correction for its beginning (Kingma & Ba 2015, section 3):
 * the first value is the first point itself. Gaps stay gaps, and the mean goes on behind them.
 */
export function smoothed(values: (number | null)[], weight: number): (number | null)[] {
  if (weight <= 0) return values
  let mean = 0
  let share = 1
  return values.map((value) => {
    if (value === null) return null
    mean = weight * mean + (1 - weight) * value
    share *= weight
    return mean / (1 - share)
  })
}

/** The points that have a place on the axis. */
export function finite(x: (number | null)[], y: (number | null)[]): { x: number[]; y: (number | null)[] } {
  if (!x.includes(null)) return { x: x as number[], y }
  const places = x.flatMap((value, index) => (value === null ? [] : [index]))
  return { x: places.map((index) => x[index]!), y: places.map((index) => y[index]!) }
}

const PHASE = /^(train|training|val|valid|validation|test|eval)[_/](.+)$/s
const SAME: Record<string, string> = { training: 'train', valid: 'val', validation: 'val', eval: 'val' }

/** Which figure a metric belongs to, and which of its lines it is: `train_loss` and `val/loss` both belong to `loss`. */
export function placeOf(name: string, phase: string): { figure: string; line: string } {
  const [, head, rest] = PHASE.exec(name) ?? []
  const line = head ?? phase
  return { figure: rest ?? name, line: SAME[line] ?? line }
}

/** A metric by one name: those of other phases than the training have it before them. */
export const nameOf = ({ name, phase }: { name: string; phase: string }) => (phase === 'train' ? name : `${phase}/${name}`)

export interface Metric {
  name: string
  phase: string
}
export interface Figure {
  title: string
  metrics: Metric[]
}
export interface Group {
  title: string
  figures: Figure[]
}

/** The figures of a run, by what stands before the last `/` of their names; figures that have none come first. */
export function grouped(metrics: Metric[]): Group[] {
  const groups = new Map<string, Map<string, Metric[]>>()
  for (const { name, phase } of metrics) {
    const { figure } = placeOf(name, phase)
    const cut = figure.lastIndexOf('/')
    const title = cut > 0 ? figure.slice(0, cut) : ''
    const figures = groups.get(title) ?? new Map<string, Metric[]>()
    figures.set(figure, [...(figures.get(figure) ?? []), { name, phase }])
    groups.set(title, figures)
  }
  return [...groups]
    .sort(([one], [other]) => (one === '' ? -1 : other === '' ? 1 : one.localeCompare(other)))
    .map(([title, figures]) => ({
      title,
      figures: [...figures]
        .map(([figure, found]) => ({ title: figure, metrics: found }))
        .sort((one, other) => rank(one.title) - rank(other.title) || one.title.localeCompare(other.title)),
    }))
}

/** What is looked at first comes first. */
const rank = (figure: string) => (/(^|\/)loss$/.test(figure) ? 0 : /loss/.test(figure) ? 1 : 2)
