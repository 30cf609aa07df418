import { type FileSystem, type Logger, readInt64, writeInt64 } from '@aerobee/base'
import { FixedFile } from './fixed-file.js'

/** Store times (wall ms) and offsets up to which files are durable; 0 where nothing is known. */
export interface CheckpointValues {
  /** Commit log. */
  physicMsgTimestamp: number
  /** Consume queues. */
  logicsMsgTimestamp: number
  /** Complete index files: RocketMQ drops those that end later after a crash. */
  indexMsgTimestamp: number
  masterFlushedOffset: number
  confirmPhyOffset: number
}

const fields: readonly (keyof CheckpointValues)[] = [
  'physicMsgTimestamp',
  'logicsMsgTimestamp',
  'indexMsgTimestamp',
  'masterFlushedOffset',
  'confirmPhyOffset',
]
const fileBytes = 4096

/**
 * The file `checkpoint` (reference: storage 2.4), 4,096 bytes, big-endian:
 *
 *   physicMsgTimestamp 8 | logicsMsgTimestamp 8 | indexMsgTimestamp 8 | masterFlushedOffset 8 | confirmPhyOffset 8 | 0…
 *
 * All values lie in one sector and are overwritten in place.
 */
export class Checkpoint {
  readonly #logger: Logger
  readonly #path: string
  readonly #file: FixedFile

  constructor(fileSystem: FileSystem, logger: Logger, path: string) {
    this.#logger = logger
    this.#path = path
    this.#file = new FixedFile({ fileSystem, logger, path, sizeBytes: fileBytes })
  }

  /** Zeros when the file is missing or makes no sense: recovery then looks at more of the log. */
  load(): CheckpointValues {
    const bytes = this.#file.read()
    if (bytes === undefined) return none()
    const values = decodeCheckpoint(bytes)
    if (values) return values
    this.#logger.warn(`${this.#path} makes no sense and is written anew.`)
    return none()
  }

  /** Rejects with IO_FAILED; the next save then starts with a new file. */
  save(values: CheckpointValues): Promise<void> {
    return this.#file.write([{ bytes: encodeCheckpoint(values), at: 0 }])
  }

  /** As `save`, for the end of recovery and for the stop. */
  saveSync(values: CheckpointValues): void {
    this.#file.writeSync([{ bytes: encodeCheckpoint(values), at: 0 }])
  }

  close(): void {
    this.#file.close()
  }
}

const none = (): CheckpointValues => ({
  physicMsgTimestamp: 0,
  logicsMsgTimestamp: 0,
  indexMsgTimestamp: 0,
  masterFlushedOffset: 0,
  confirmPhyOffset: 0,
})

function encodeCheckpoint(values: CheckpointValues): Uint8Array {
  const bytes = new Uint8Array(fields.length * 8)
  const view = new DataView(bytes.buffer)
  fields.forEach((field, i) => {
    writeInt64(view, i * 8, values[field])
  })
  return bytes
}

function decodeCheckpoint(bytes: Uint8Array): CheckpointValues | undefined {
  if (bytes.length < fields.length * 8) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values = none()
  for (const [i, field] of fields.entries()) {
    const value = readInt64(view, i * 8)
    if (!(value >= 0)) return undefined
    values[field] = value
  }
  return values
}
