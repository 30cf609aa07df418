/**
 * Versions travel as ordinals of RocketMQ's list of version constants: ordinal 479 is `V5_3_3`. The list is
 * regular from 3.0.1 on: each version is preceded by its snapshot.
 */
const earliest = [
  'V3_0_0_SNAPSHOT',
  'V3_0_0_ALPHA1',
  'V3_0_0_BETA1',
  'V3_0_0_BETA2',
  'V3_0_0_BETA3',
  'V3_0_0_BETA4',
  'V3_0_0_BETA5',
  'V3_0_0_BETA6_SNAPSHOT',
  'V3_0_0_BETA6',
  'V3_0_0_BETA7_SNAPSHOT',
  'V3_0_0_BETA7',
  'V3_0_0_BETA8_SNAPSHOT',
  'V3_0_0_BETA8',
  'V3_0_0_BETA9_SNAPSHOT',
  'V3_0_0_BETA9',
  'V3_0_0_FINAL',
]

/** major, minor and first patch level of each series; the last patch level is always 9, save 3.0's 15. */
const series: readonly (readonly [major: number, minor: number, firstPatch: number])[] = [
  [3, 0, 1],
  [3, 1, 0],
  [3, 2, 0],
  ...[3, 4, 5, 6, 7, 8, 9].map((minor) => [3, minor, 1] as const),
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((minor) => [4, minor, 0] as const),
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((minor) => [5, minor, 0] as const),
]

/** Name of every ordinal, `V3_0_0_SNAPSHOT` at 0; the last is `HIGHER_VERSION`, which stands for all later ones. */
export const versionNames: readonly string[] = [
  ...earliest,
  ...series.flatMap(([major, minor, firstPatch]) => {
    const lastPatch = major === 3 && minor === 0 ? 15 : 9
    const names: string[] = []
    for (let patch = firstPatch; patch <= lastPatch; patch++)
      names.push(`V${major}_${minor}_${patch}_SNAPSHOT`, `V${major}_${minor}_${patch}`)
    return names
  }),
  'HIGHER_VERSION',
]

/** Ordinals that behaviour depends on. */
export const versions = {
  V3_0_7_SNAPSHOT: 28,
  V3_1_8_SNAPSHOT: 62,
  V3_4_9: 121,
  V4_9_4: 401,
  V4_9_8: 409,
  V5_0_0: 413,
  V5_1_4: 441,
  V5_2_0: 453,
  V5_3_0: 473,
  V5_3_1: 475,
  V5_3_3: 479,
  V5_4_0: 493,
} as const

/** The constant's name, as `brokerVersionDesc` prints it; `HIGHER_VERSION` beyond the table. */
export function versionName(ordinal: number): string {
  return versionNames[ordinal] ?? (ordinal < 0 ? versionNames[0]! : 'HIGHER_VERSION')
}
