import { AerobeeError, type FileSystem, utf8 } from '@aerobee/base'
import { bodies } from '@aerobee/wire'
import { type MessageQueue, queueKey } from '../route.js'
import type { OffsetKeeper, OffsetSlot } from './offset-table.js'

/** Directories in use by consumers of this process: two in one would overwrite each other's offsets. */
const inUse = new WeakMap<FileSystem, Set<string>>()

type Offsets = Map<string, readonly [MessageQueue, number]>

/**
 * Offsets of a broadcasting group in a file, as Java clients keep them (reference: client-behaviour 3.5):
 *
 *   <directory>/<clientId>/<group>/offsets.json      {"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:17,…}}
 *                                  offsets.json.bak  its content before the last save
 *
 * Save merges into what the file has. A file that is empty or not readable is passed over for the backup.
 */
export class LocalOffsets implements OffsetKeeper {
  readonly #files: FileSystem
  readonly #directory: string
  #offsets: Offsets | undefined
  #opened = false

  constructor(files: FileSystem, directory: string) {
    this.#files = files
    this.#directory = directory
  }

  /** Throws AerobeeError INVALID_ARGUMENT when another consumer of this process has the directory. */
  open(): void {
    const directories = inUse.get(this.#files) ?? new Set()
    if (directories.has(this.#directory))
      throw new AerobeeError(
        'INVALID_ARGUMENT',
        `another broadcasting consumer of this process keeps its offsets in ${this.#directory}: give each an instanceName or a localOffsetStoreDir of its own`,
      )
    inUse.set(this.#files, directories.add(this.#directory))
    this.#opened = true
  }

  close(): void {
    if (this.#opened) inUse.get(this.#files)?.delete(this.#directory)
    this.#opened = false
  }

  /** Throws IO_FAILED, and STORE_CORRUPT when neither file can be read. */
  load(): void {
    this.#offsets ??= this.#read('offsets.json') ?? this.#read('offsets.json.bak') ?? new Map()
  }

  async read(queue: MessageQueue): Promise<number | undefined> {
    this.load()
    return this.#offsets!.get(queueKey(queue))?.[1]
  }

  async write(slots: readonly OffsetSlot[]): Promise<readonly unknown[]> {
    try {
      this.load()
      for (const { queue, offset } of slots) this.#offsets!.set(queueKey(queue), [queue, offset])
      this.#save(this.#offsets!)
      for (const slot of slots) slot.saved = slot.offset
      return []
    } catch (thrown) {
      return [thrown]
    }
  }

  #read(name: string): Offsets | undefined {
    const bytes = this.#files.readFileSync(this.#path(name))
    if (bytes === undefined || bytes.length === 0) return undefined
    const decoded = bodies.resetOffset.decode(bytes)
    if (decoded.ok) return new Map(decoded.value.offsetTable.map((pair) => [queueKey(pair[0]), pair]))
    if (name === 'offsets.json') return undefined
    throw new AerobeeError(
      'STORE_CORRUPT',
      `neither ${this.#path('offsets.json')} nor its backup can be read: ${decoded.reason}; remove both to begin anew`,
    )
  }

  #save(offsets: Offsets): void {
    const lines = [...offsets.values()].map((pair) => {
      const text = bodies.resetOffset.text({ offsetTable: [pair] })
      return `\t\t${text.slice(text.indexOf('{', 1) + 1, -2)}`
    })
    const json = utf8(`{\n\t"offsetTable":{\n${lines.join(',\n')}\n\t}\n}`)
    const files = this.#files
    files.makeDirectorySync(this.#directory)
    const before = files.readFileSync(this.#path('offsets.json'))
    if (before !== undefined && before.length > 0) this.#replace('offsets.json.bak', before)
    this.#replace('offsets.json', json)
  }

  /** Whole or not at all. */
  #replace(name: string, content: Uint8Array): void {
    const temporary = this.#path(`${name}.tmp`)
    const file = this.#files.openSync(temporary, { create: true })
    try {
      file.truncateSync(0)
      file.writeSync(content, 0)
      file.datasyncSync()
    } finally {
      file.closeSync()
    }
    this.#files.renameSync(temporary, this.#path(name))
  }

  #path(name: string): string {
    return `${this.#directory}/${name}`
  }
}
