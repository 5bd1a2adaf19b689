/** The sum of what is there. */
export const sum = (values: (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0)
