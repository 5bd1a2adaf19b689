/** A column of a table; `name` is that of the slot that fills its cells. */
export interface Column<Name extends string> {
  name: Name
  title: string
  number?: boolean
  /** Not on a telephone. */
  wide?: boolean
  /** In the second colour. */
  quiet?: boolean
  /** On one line. */
  whole?: boolean
  /** The least width, within which words break anywhere. */
  least?: string
  /** A title for screen readers only. */
  unseen?: boolean
}
