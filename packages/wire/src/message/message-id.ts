import { bad, good, hexUpper, type Random, type Result } from '@aerobee/base'
import { type HostAddress, hostAddress, hostBytesV4, hostBytesV6 } from './host.js'

/**
 * Offset message id, 32 or 56 upper hex digits (reference: wire 3.6): where a record lies.
 *
 *   offsetId = host (8 or 20 bytes) | physicalOffset int64
 */
export function offsetMessageId(host: Uint8Array, physicalOffset: number): string {
  let cached = hostHex.get(host)
  if (cached === undefined) {
    cached = hexUpper(host)
    hostHex.set(host, cached)
  }
  return cached + hex16(physicalOffset)
}
/** Hosts are long-lived arrays, one for each address the broker is dialled by. */
const hostHex = new WeakMap<Uint8Array, string>()

/** Eight times as fast as toString(16), which takes doubles digit by digit; every send needs one. */
function hex16(value: number): string {
  const low = value >>> 0
  return hex8((value - low) / 0x1_0000_0000) + hex8(low)
}

const digits = Array.from('0123456789ABCDEF', (digit) => digit.charCodeAt(0))

const hex8 = (word: number): string =>
  String.fromCharCode(
    digits[word >>> 28]!,
    digits[(word >>> 24) & 15]!,
    digits[(word >>> 20) & 15]!,
    digits[(word >>> 16) & 15]!,
    digits[(word >>> 12) & 15]!,
    digits[(word >>> 8) & 15]!,
    digits[(word >>> 4) & 15]!,
    digits[word & 15]!,
  )

const hex4 = (word: number): string =>
  String.fromCharCode(
    digits[word >>> 12]!,
    digits[(word >>> 8) & 15]!,
    digits[(word >>> 4) & 15]!,
    digits[word & 15]!,
  )

export interface OffsetMessageId {
  host: HostAddress
  physicalOffset: number
}

export function parseOffsetMessageId(id: string): Result<OffsetMessageId> {
  if (!/^([0-9a-fA-F]{32}|[0-9a-fA-F]{56})$/.test(id))
    return bad('an offset message id has 32 or 56 hex digits')
  const bytes = Buffer.from(id, 'hex')
  const length = bytes.length === 16 ? hostBytesV4 : hostBytesV6
  const physicalOffset = Number(bytes.readBigInt64BE(length))
  if (!Number.isSafeInteger(physicalOffset) || physicalOffset < 0)
    return bad(`the offset ${bytes.readBigInt64BE(length)} is outside [0, 2^53-1]`)
  return good({ host: hostAddress(bytes.subarray(0, length)), physicalOffset })
}

export interface UniqIdParts {
  /** 4 or 16 bytes. */
  ip: Uint8Array
  /** Low 16 bits of the process id. */
  pid: number
  millisSinceMonthStart: number
  counter: number
}

/**
 * Client message id, 32 or 56 upper hex digits (reference: wire 3.6):
 *
 *   uniqId = ip (4 or 16) | pid int16 | loader hash int32 | ms since local month start int32 | counter int16
 */
export function parseUniqId(id: string): Result<UniqIdParts> {
  if (!/^([0-9a-fA-F]{32}|[0-9a-fA-F]{56})$/.test(id))
    return bad('a client message id has 32 or 56 hex digits')
  const bytes = Buffer.from(id, 'hex')
  const at = bytes.length - 12
  return good({
    ip: bytes.subarray(0, at),
    pid: bytes.readUInt16BE(at),
    millisSinceMonthStart: bytes.readUInt32BE(at + 6),
    counter: bytes.readUInt16BE(at + 10),
  })
}

export interface UniqIdOptions {
  /** 4 or 16 bytes. */
  ip: Uint8Array
  pid: number
  random: Random
  /** Wall ms. */
  now: () => number
}

/** Makes ids that differ between processes by ip, pid and a random word, and within one by time and counter. */
export function uniqIdGenerator(options: UniqIdOptions): () => string {
  const { ip, pid, random, now } = options
  const head = Buffer.alloc(ip.length + 6)
  head.set(ip)
  head.writeUInt16BE(pid & 0xffff, ip.length)
  head.set(random.bytes(4), ip.length + 2)
  const prefix = hexUpper(head)
  let counter = 0
  let monthStart = startOfMonth(now())
  let nextMonth = startOfNextMonth(monthStart)
  let lastTime = Number.NaN
  /** Of all ids of one millisecond. */
  let beginning = ''
  return () => {
    const time = now()
    if (time >= nextMonth || time < monthStart) {
      monthStart = startOfMonth(time)
      nextMonth = startOfNextMonth(monthStart)
    }
    if (time !== lastTime) {
      beginning = prefix + hex8((time - monthStart) >>> 0)
      lastTime = time
    }
    counter = (counter + 1) & 0xffff
    return beginning + hex4(counter)
  }
}

function startOfMonth(wallMs: number): number {
  const date = new Date(wallMs)
  return new Date(date.getFullYear(), date.getMonth(), 1).getTime()
}

function startOfNextMonth(monthStart: number): number {
  const date = new Date(monthStart)
  return new Date(date.getFullYear(), date.getMonth() + 1, 1).getTime()
}
