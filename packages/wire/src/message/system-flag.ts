/**
 * sysFlag of a message (reference: wire 3.6):
 *
 *   bit  0     body is compressed
 *        1     the topic takes several tags
 *        2-3   transaction type
 *        4     born host is IPv6
 *        5     store host is IPv6
 *        6     consumers unwrap the inner batch
 *        7     inner batch
 *        8-10  compression type
 */
export const systemFlags = {
  compressed: 0x1,
  multiTags: 0x2,
  bornHostV6: 0x10,
  storeHostV6: 0x20,
  needUnwrap: 0x40,
  innerBatch: 0x80,
} as const

export const transactionTypes = {
  none: 0x0,
  prepared: 0x4,
  commit: 0x8,
  rollback: 0xc,
} as const

export type TransactionType = (typeof transactionTypes)[keyof typeof transactionTypes]

const transactionMask = 0xc

export function transactionType(sysFlag: number): TransactionType {
  return (sysFlag & transactionMask) as TransactionType
}

export function withTransactionType(sysFlag: number, type: TransactionType): number {
  return (sysFlag & ~transactionMask) | type
}

/** The value 0, written by clients before 5.0, also means ZLIB. */
export const compressionTypes = { LZ4: 1, ZSTD: 2, ZLIB: 3 } as const

export type CompressionType = keyof typeof compressionTypes

const compressionShift = 8
const compressionMask = 0x700

/** Whatever bit 0 says; undefined for the values 4 to 7, which nobody uses. */
export function compressionType(sysFlag: number): CompressionType | undefined {
  switch ((sysFlag & compressionMask) >> compressionShift) {
    case 0:
    case 3:
      return 'ZLIB'
    case 1:
      return 'LZ4'
    case 2:
      return 'ZSTD'
    default:
      return undefined
  }
}

/** Marks the body as compressed in this way. */
export function withCompression(sysFlag: number, type: CompressionType): number {
  return (sysFlag & ~compressionMask) | systemFlags.compressed | (compressionTypes[type] << compressionShift)
}

/** As consumers see a message after decompression: Java clears bit 0 and leaves the type. */
export function withoutCompression(sysFlag: number): number {
  return sysFlag & ~systemFlags.compressed
}

/** Bytes of a stored host: ip and an int32 port. */
export function bornHostBytes(sysFlag: number): 8 | 20 {
  return (sysFlag & systemFlags.bornHostV6) === 0 ? 8 : 20
}

export function storeHostBytes(sysFlag: number): 8 | 20 {
  return (sysFlag & systemFlags.storeHostV6) === 0 ? 8 : 20
}
