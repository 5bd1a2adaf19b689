const APART = 15 // pixels between two lines of text

/** By how many pixels each name at the end of its line must move, for all to be read. `pixels`: what the range takes. */
export function apart(ends: (number | null)[], low: number, high: number, pixels: number): number[] {
  const place = (value: number) => (pixels * (high - value)) / (high - low || 1)
  const order = ends
    .map((value, line) => ({ line, at: value === null ? NaN : place(value) }))
    .filter(({ at }) => !Number.isNaN(at))
    .sort((one, other) => one.at - other.at)
  const moved = order.map(({ at }) => at)
  // Two that are too close give way by half each; with more lines the push is handed on.
  for (let round = 0; round < order.length; round++) {
    for (let lower = 1; lower < moved.length; lower++) {
      const lack = APART - (moved[lower]! - moved[lower - 1]!)
      if (lack <= 0) continue
      moved[lower - 1]! -= lack / 2
      moved[lower]! += lack / 2
    }
  }
  const offsets = ends.map(() => 0)
  for (const [index, { line, at }] of order.entries()) offsets[line] = moved[index]! - at
  return offsets
}

/** About the width in pixels of a text at 12 px; Chinese signs are twice as wide as Latin ones. */
export const textWidth = (text: string) =>
  [...text].reduce((width, sign) => width + (sign.charCodeAt(0) > 0x2e80 ? 12.5 : 6.6), 0)
