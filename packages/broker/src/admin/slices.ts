import type { Clock } from '@aerobee/base'

const sliceMs = 5

/**
 * For long work on the event loop: await the result between its pieces, and others get their turn whenever a slice of
 * time is used up.
 */
export function inSlices(clock: Clock): () => Promise<void> | undefined {
  let endMs = clock.monoMs() + sliceMs
  return () => {
    if (clock.monoMs() < endMs) return undefined
    return new Promise((resolve) => {
      clock.after(0, () => {
        endMs = clock.monoMs() + sliceMs
        resolve()
      })
    })
  }
}
