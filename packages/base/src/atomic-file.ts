import { utf8 } from './bytes.js'
import type { Clock } from './clock.js'
import { makeDurableDirectory, parentOf } from './durable-directory.js'
import { AerobeeError } from './errors.js'
import type { FileSystem, OpenFile } from './file-system.js'
import { compactLocalTime } from './local-time.js'
import type { Logger } from './logger.js'
import { bad, good, type Result } from './result.js'

export interface AtomicFileOptions {
  fileSystem: FileSystem
  clock: Clock
  logger: Logger
  path: string
}

/**
 * A text file replaced as a whole, with the content before kept as `.bak` as RocketMQ keeps it:
 *
 *   x.tmp written ─► datasync ─► x renamed to x.bak ─► x.tmp renamed to x ─► directory synced
 *
 * So at any moment x, or x.bak where x is missing, is complete: the old content or the new one (upstream #5905, #9705).
 */
export class AtomicFile {
  readonly path: string
  readonly #options: AtomicFileOptions
  #latest = 0
  #next: string | undefined
  #saving: Promise<void> | undefined

  constructor(options: AtomicFileOptions) {
    this.#options = options
    this.path = options.path
  }

  /**
   * What `parse` makes of the file, or of its `.bak` when the file is missing or damaged; a damaged one is then kept as
   * `.corrupt-<time>`. Undefined when there is neither. Throws STORE_CORRUPT when what is there cannot be used:
   * nothing is renamed then, so that the next start refuses too.
   */
  load<T>(parse: (text: string) => Result<T>): T | undefined {
    const { logger, clock, fileSystem } = this.#options
    const main = this.#read(this.path, parse)
    if (main.state === 'good') return main.value
    const backup = this.#read(`${this.path}.bak`, parse)
    if (backup.state === 'good') {
      logger.error(`${this.path} is ${main.reason}: its last but one content is used, from ${this.path}.bak.`)
      if (main.state === 'damaged') {
        fileSystem.renameSync(this.path, `${this.path}.corrupt-${compactLocalTime(clock.wallMs())}`)
        fileSystem.syncDirectorySync(parentOf(this.path))
      }
      return backup.value
    }
    // What a first save leaves when it dies half-way; there was no content to lose.
    const nothing =
      (main.state === 'missing' && backup.state !== 'damaged') ||
      (main.state === 'empty' && backup.state === 'missing')
    if (nothing) return undefined
    throw new AerobeeError(
      'STORE_CORRUPT',
      `${this.path} is ${main.reason}, and ${this.path}.bak is ${backup.reason}. Put a good copy in place, ` +
        'or move both files away to start without their content.',
    )
  }

  /** Durable when it returns. Throws IO_FAILED, with the content before still in place. */
  saveSync(text: string): void {
    this.#latest += 1
    this.#next = undefined
    const file = this.#openTemporary()
    try {
      file.writeSync(utf8(text), 0)
      file.datasyncSync()
    } finally {
      file.closeSync()
    }
    this.#replace()
    this.#options.fileSystem.syncDirectorySync(parentOf(this.path))
  }

  /**
   * The same off the event loop: resolves when this text, or one given later, is durable. Texts that come while one is
   * being written replace each other.
   */
  save(text: string): Promise<void> {
    this.#latest += 1
    this.#next = text
    this.#saving ??= this.#saveAll().finally(() => {
      this.#saving = undefined
    })
    return this.#saving
  }

  async #saveAll(): Promise<void> {
    while (this.#next !== undefined) {
      const text = this.#next
      const turn = this.#latest
      this.#next = undefined
      const file = this.#openTemporary()
      try {
        await file.write(utf8(text), 0)
        await file.datasync()
      } finally {
        file.closeSync()
      }
      // A newer text took the temporary file's name, or is about to.
      if (turn !== this.#latest) continue
      this.#replace()
      await this.#options.fileSystem.syncDirectory(parentOf(this.path))
    }
  }

  /** Always a new file: after a failed sync the old one's bytes cannot be trusted again. */
  #openTemporary(): OpenFile {
    const { fileSystem } = this.#options
    const path = `${this.path}.tmp`
    if (fileSystem.infoSync(path)) fileSystem.removeSync(path)
    return fileSystem.openSync(path, { create: true })
  }

  #replace(): void {
    const { fileSystem } = this.#options
    const existing = fileSystem.infoSync(this.path)
    // An empty file is no content worth a good .bak.
    if (existing && existing.sizeBytes > 0) fileSystem.renameSync(this.path, `${this.path}.bak`)
    fileSystem.renameSync(`${this.path}.tmp`, this.path)
  }

  #read<T>(path: string, parse: (text: string) => Result<T>): ReadState<T> {
    const bytes = this.#options.fileSystem.readFileSync(path)
    if (bytes === undefined) return { state: 'missing', reason: 'missing' }
    if (bytes.length === 0) return { state: 'empty', reason: 'empty' }
    const parsed = parseUtf8(bytes, parse)
    if (parsed.ok) return { state: 'good', value: parsed.value }
    return { state: 'damaged', reason: `unreadable (${parsed.reason})` }
  }
}

type ReadState<T> =
  | { state: 'good'; value: T; reason?: undefined }
  | { state: 'missing' | 'empty' | 'damaged'; reason: string }

function parseUtf8<T>(bytes: Uint8Array, parse: (text: string) => Result<T>): Result<T> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return bad('not UTF-8')
  }
  return parse(text)
}

/** A text document, as it is. */
export interface TextFile {
  /** undefined when there is none. Throws AerobeeError STORE_CORRUPT. */
  load(): string | undefined
  /** Returns when the new content is durable. Throws AerobeeError IO_FAILED. */
  save(text: string): void
}

/** An AtomicFile of any text; its directory is made with the first save. */
export function atomicTextFile(options: AtomicFileOptions): TextFile {
  const file = new AtomicFile(options)
  return {
    load: () => file.load(good<string>),
    save(text) {
      makeDurableDirectory(options.fileSystem, parentOf(options.path))
      file.saveSync(text)
    },
  }
}
