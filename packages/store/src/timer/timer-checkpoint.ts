import { asBuffer, type FileSystem, type Logger, readInt64, writeInt64 } from '@aerobee/base'
import { crc31 } from '@aerobee/wire'
import { FixedFile } from '../fixed-file.js'

export interface TimerCheckpoint {
  /** Every slot before this time is done with. */
  readTimeMs: number
  /** Up to here the timer log is durable, and in the wheel. */
  logEnd: number
  /** Messages of the timer's topic before this offset have their unit in the log. */
  queueOffset: number
  /** The same as the master says it; on a master the same. */
  masterQueueOffset: number
  stateVersion: number
  timestamp: number
  counter: number
}

const fields: readonly (keyof TimerCheckpoint)[] = [
  'readTimeMs',
  'logEnd',
  'queueOffset',
  'masterQueueOffset',
  'stateVersion',
  'timestamp',
  'counter',
]
const contentBytes = fields.length * 8
/** Each in a sector of its own. */
const ownAt = [512, 1024] as const
const ownBytes = contentBytes + 8 + 4 + 4
const fileBytes = 4096

export const noTimerCheckpoint: TimerCheckpoint = {
  readTimeMs: 0,
  logEnd: 0,
  queueOffset: 0,
  masterQueueOffset: 0,
  stateVersion: 0,
  timestamp: 0,
  counter: 0,
}

/** Ours alone; undefined when somebody else wrote the file last. */
export interface OwnTimerCheckpoint {
  /** What was delivered of slots not before `readTimeMs` lies behind this offset of the commit log. */
  deliveredFrom: number
  /** The broker stopped in order. */
  stopped: boolean
}

/** The first part of the file, and the answer to code 60. */
export function encodeTimerCheckpoint(values: TimerCheckpoint): Buffer {
  const bytes = Buffer.alloc(contentBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, contentBytes)
  for (const [i, field] of fields.entries()) writeInt64(view, i * 8, values[field])
  return bytes
}

/**
 * The file `config/timercheck` (reference: storage 2.4), 4,096 bytes, big endian, overwritten in place:
 *
 *    0  readTimeMs 8 | logEnd 8 | queueOffset 8 | masterQueueOffset 8 | stateVersion 8 | timestamp 8 | counter 8 | 0…
 *
 * RocketMQ leaves what lies behind as it is. There is ours, at 512 and 1024 in turn, each written before the first part
 * so that one of the two always belongs to it, unless somebody else wrote since:
 *
 *    copy of the first part 56 | deliveredFrom 8 | stopped 4, 1 or 0 | CRC-32 of these without its sign bit 4
 */
export class TimerCheckpointFile {
  readonly #logger: Logger
  readonly #path: string
  readonly #file: FixedFile
  #turn: 0 | 1 = 0

  constructor(place: { fileSystem: FileSystem; logger: Logger; path: string }) {
    this.#logger = place.logger
    this.#path = place.path
    this.#file = new FixedFile({ ...place, sizeBytes: fileBytes })
  }

  /** Zeros when the file is missing or makes no sense. */
  load(): { checkpoint: TimerCheckpoint; own: OwnTimerCheckpoint | undefined } {
    const bytes = this.#file.read()
    if (bytes === undefined || bytes.length < contentBytes)
      return { checkpoint: noTimerCheckpoint, own: undefined }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const checkpoint = decodeContent(view)
    if (checkpoint === undefined) {
      this.#logger.warn(`${this.#path} makes no sense and is written anew.`)
      return { checkpoint: noTimerCheckpoint, own: undefined }
    }
    const parts = ownAt.map((at) => ownPart(bytes, at))
    const part = ownOf(bytes, parts)
    if (part === undefined) return { checkpoint, own: undefined }
    this.#turn = part === parts[0] ? 1 : 0
    return { checkpoint: part.checkpoint, own: part.own }
  }

  /** Durable, or as before; every call needs another `counter`. Rejects with IO_FAILED. */
  async save(checkpoint: TimerCheckpoint, own: OwnTimerCheckpoint): Promise<void> {
    const content = encodeTimerCheckpoint(checkpoint)
    const at = ownAt[this.#turn]
    await this.#file.write([
      { bytes: encodeOwn(content, own), at },
      { bytes: content, at: 0 },
    ])
    this.#turn = this.#turn === 0 ? 1 : 0
  }

  close(): void {
    this.#file.close()
  }
}

function encodeOwn(content: Buffer, { deliveredFrom, stopped }: OwnTimerCheckpoint): Buffer {
  const bytes = Buffer.alloc(ownBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, ownBytes)
  content.copy(bytes)
  writeInt64(view, contentBytes, deliveredFrom)
  view.setInt32(contentBytes + 8, stopped ? 1 : 0)
  view.setInt32(ownBytes - 4, crc31(bytes, view, 0, ownBytes - 4))
  return bytes
}

interface OwnPart {
  content: Uint8Array
  checkpoint: TimerCheckpoint
  own: OwnTimerCheckpoint
}

/** undefined where none was written. */
function ownPart(bytes: Uint8Array, at: number): OwnPart | undefined {
  if (bytes.length < at + ownBytes) return undefined
  const part = bytes.subarray(at, at + ownBytes)
  const view = new DataView(part.buffer, part.byteOffset, ownBytes)
  if (view.getInt32(ownBytes - 4) !== crc31(part, view, 0, ownBytes - 4)) return undefined
  const checkpoint = decodeContent(view)
  const deliveredFrom = readInt64(view, contentBytes)
  if (checkpoint === undefined || !(deliveredFrom >= 0)) return undefined
  const stopped = view.getInt32(contentBytes + 8) === 1
  return { content: part.subarray(0, contentBytes), checkpoint, own: { deliveredFrom, stopped } }
}

/** That of the first part: of the one it equals, or of the newer one when it was being overwritten by that. */
function ownOf(bytes: Uint8Array, parts: readonly (OwnPart | undefined)[]): OwnPart | undefined {
  const [a, b] = parts
  const first = bytes.subarray(0, contentBytes)
  const exact = parts.find((part) => part && asBuffer(first).equals(part.content))
  if (exact || !a || !b) return exact
  const mixed = first.every((byte, i) => byte === a.content[i] || byte === b.content[i])
  return mixed ? (a.checkpoint.counter > b.checkpoint.counter ? a : b) : undefined
}

function decodeContent(view: DataView): TimerCheckpoint | undefined {
  const checkpoint = { ...noTimerCheckpoint }
  for (const [i, field] of fields.entries()) checkpoint[field] = readInt64(view, i * 8)
  return fields.every((field) => checkpoint[field] >= 0) ? checkpoint : undefined
}
