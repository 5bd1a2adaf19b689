/**
 * Colours for runs. They differ in lightness as well as in hue (after Okabe & Ito 2008), so that whoever does not see
 * red and green apart can tell them; each has a contrast of at least 3 to the paper.
 */
const LIGHT = ['#0b5ea8', '#c8500a', '#00805c', '#8f2f7d', '#a67c00', '#2b8fc4', '#5b4b9a', '#6b727b']
const DARK = ['#6db5f2', '#ff9152', '#3fcfa0', '#f08cc8', '#e8c04a', '#b9e0ff', '#b79cf2', '#a8b0b9']

export const paletteOf = (dark: boolean) => (dark ? DARK : LIGHT)

/**
 * A colour for each run, as a place in the palette. A run keeps its own wherever it is shown; where two of those shown
 * would share one, the later takes the next that is free, and once none is free the one that is least used.
 */
export function coloursOf(names: string[], colours: number): Map<string, number> {
  const used = new Array<number>(colours).fill(0)
  const given = new Map<string, number>()
  for (const name of names) {
    const wanted = hashOf(name) % colours
    const fewest = Math.min(...used)
    let place = wanted
    while (used[place]! > fewest) place = (place + 1) % colours
    used[place]!++
    given.set(name, place)
  }
  return given
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
