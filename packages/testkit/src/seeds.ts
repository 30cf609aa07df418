/**
 * Seeds of a random test: 1 to `ordinary`, or to AEROBEE_SEEDS when that is more. `npm run nightly` sets it, and takes
 * the tests that import this.
 */
export function seeds(ordinary: number): number[] {
  const wanted = Math.trunc(Number(process.env.AEROBEE_SEEDS ?? 0)) || 0
  return Array.from({ length: Math.max(ordinary, wanted) }, (_, i) => i + 1)
}

/** One after the other; a failure names its seed. */
export async function forEachSeed(
  ordinary: number,
  run: (seed: number) => Promise<void> | void,
): Promise<void> {
  for (const seed of seeds(ordinary)) {
    try {
      await run(seed)
    } catch (thrown) {
      throw new Error(`seed ${seed}: ${thrown instanceof Error ? thrown.message : thrown}`, { cause: thrown })
    }
  }
}
