import { AerobeeError } from '@aerobee/base'

/** Default, smallest and largest value of each option. A default may lie outside, where it means that a bound is off. */
export type Ranges<Name extends string> = Readonly<Record<Name, readonly [number, number, number]>>

/** The options with their defaults. Throws AerobeeError INVALID_ARGUMENT with Java's text. */
export function rangedOptions<Name extends string>(
  ranges: Ranges<Name>,
  options: Readonly<Partial<Record<NoInfer<Name>, number | undefined>>>,
): Record<Name, number> {
  const numbers = {} as Record<Name, number>
  for (const name of Object.keys(ranges) as Name[]) {
    const [otherwise, least, most] = ranges[name]
    const value = options[name] ?? otherwise
    if (value !== otherwise && !(Number.isInteger(value) && value >= least && value <= most))
      throw new AerobeeError('INVALID_ARGUMENT', `${name} Out of range [${least}, ${most}]`)
    numbers[name] = value
  }
  return numbers
}
