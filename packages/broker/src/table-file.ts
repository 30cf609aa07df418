/** Where a table of the broker is kept between two runs: one JSON document, replaced as a whole. */
export interface TableFile {
  /** The document last saved; undefined when there is none. Throws AerobeeError STORE_CORRUPT on unreadable text. */
  load(): unknown
  /** Durable when it returns; throws AerobeeError IO_FAILED. */
  save(document: unknown): void
}
