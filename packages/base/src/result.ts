/** A decoder's answer: a value, or the reason why the input is not one. Decoders never throw at their caller. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string }

export const good = <T>(value: T): Result<T> => ({ ok: true, value })
export const bad = (reason: string): Result<never> => ({ ok: false, reason })
