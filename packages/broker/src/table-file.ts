import { type Clock, errorText, type Logger, type Timer } from '@aerobee/base'

/** Where a table of the broker is kept between two runs: one JSON document, replaced as a whole. */
export interface TableFile {
  /** The document last saved; undefined when there is none. Throws AerobeeError STORE_CORRUPT on unreadable text. */
  load(): unknown
  /** Durable when it returns; throws AerobeeError IO_FAILED. */
  save(document: object): void
  /**
   * Soon, off the event loop: for what would come again by itself if it were lost. Calls in between count once; a
   * failure is logged and tried again.
   */
  saveSoon(document: () => object): void
  /** What is to be saved soon is saved now; resolves when it is durable, or has failed and is tried again. */
  flush(): Promise<void>
  /** Resolves when what was to be saved soon is durable, or has failed. */
  settle(): Promise<void>
}

/** What a table file needs of the file below: the store's ConfigFile. */
export interface DocumentFile {
  load(): unknown
  save(document: object): void
  saveInBackground(document: object): Promise<void>
}

/** How long changes are gathered before they are written. */
const gatherMs = 200
const retryMs = 5000

export function tableFile(
  file: DocumentFile,
  { name, clock, logger }: { name: string; clock: Clock; logger: Logger },
): TableFile {
  let timer: Timer | undefined
  let pending: (() => object) | undefined
  let writing: Promise<void> = Promise.resolve()
  const forget = () => {
    timer?.cancel()
    timer = undefined
    pending = undefined
  }
  const write = () => {
    const document = pending
    forget()
    if (!document) return
    writing = file.saveInBackground(document()).catch((thrown: unknown) => {
      logger.error(`saving ${name} failed and is tried again: ${errorText(thrown)}`)
      pending ??= document
      timer ??= clock.after(retryMs, write, { background: true })
    })
  }
  return {
    load: () => file.load(),
    save(document) {
      forget()
      file.save(document)
    },
    saveSoon(document) {
      pending = document
      timer ??= clock.after(gatherMs, write, { background: true })
    },
    flush() {
      write()
      return writing
    },
    async settle() {
      write()
      await writing
      timer?.cancel()
    },
  }
}
