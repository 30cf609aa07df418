import type { Clock, Logger, Result, Timer } from '@aerobee/base'
import { errorText } from '@aerobee/base'

/** Where a table of the broker is kept between two runs: one JSON document, replaced as a whole. */
export interface TableFile {
  /** The document last saved; undefined when there is none. Throws AerobeeError STORE_CORRUPT on unreadable text. */
  load(): unknown
  /** Durable when it returns; throws AerobeeError IO_FAILED. */
  save(document: unknown): void
  /**
   * Soon, off the event loop: for what would come again by itself if it were lost. Calls in between count once; a
   * failure is logged, and the next save brings everything.
   */
  saveSoon(document: () => unknown): void
  /** Resolves when what was to be saved soon is durable, or has failed. */
  settle(): Promise<void>
}

/** What a table file needs of the file below (the store's AtomicFile). */
export interface TextFile {
  readonly path: string
  load<T>(parse: (text: string) => Result<T>): T | undefined
  saveSync(text: string): void
  save(text: string): Promise<void>
}

/** How long changes are gathered before they are written. */
const gatherMs = 200
const retryMs = 5000

export function tableFile(
  file: TextFile,
  parse: (text: string) => Result<unknown>,
  { clock, logger }: { clock: Clock; logger: Logger },
): TableFile {
  let timer: Timer | undefined
  let pending: (() => unknown) | undefined
  let writing: Promise<void> = Promise.resolve()
  const write = () => {
    timer = undefined
    const document = pending
    pending = undefined
    if (!document) return
    writing = file.save(textOf(document())).catch((thrown: unknown) => {
      logger.error(`saving ${file.path} failed: ${errorText(thrown)}; it is tried again`)
      pending ??= document
      timer ??= clock.after(retryMs, write, { background: true })
    })
  }
  return {
    load: () => file.load(parse),
    save: (document) => {
      timer?.cancel()
      timer = undefined
      pending = undefined
      file.saveSync(textOf(document))
    },
    saveSoon: (document) => {
      pending = document
      timer ??= clock.after(gatherMs, write, { background: true })
    },
    settle: () => {
      timer?.cancel()
      write()
      return writing
    },
  }
}

const textOf = (document: unknown) => JSON.stringify(document, null, '\t')
