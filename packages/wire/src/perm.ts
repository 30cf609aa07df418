/** Bits of a topic's or a broker's permission. */
export const permRead = 4
export const permWrite = 2
/** New topics may be modelled on this one. */
export const permInherit = 1

export const isReadable = (perm: number): boolean => (perm & permRead) !== 0
export const isWritable = (perm: number): boolean => (perm & permWrite) !== 0
export const isInheritable = (perm: number): boolean => (perm & permInherit) !== 0

/** As upstream prints it, e.g. `RW-`. */
export const permText = (perm: number): string =>
  `${isReadable(perm) ? 'R' : '-'}${isWritable(perm) ? 'W' : '-'}${isInheritable(perm) ? 'X' : '-'}`
