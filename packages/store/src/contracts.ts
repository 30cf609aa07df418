import type { PhysicalOffset, QueueOffset } from '@aerobee/base'
import type { RecordShape } from '@aerobee/wire'

/** What the broker asks of a message store; the classes behind it stand in the files beside. */

/**
 * A message on its way into the log: one record. Everything is taken as is; checks are the broker's. Two things are found
 * in it: an inner batch (sysFlag) takes as many offsets as its INNER_NUM says, and gets INNER_BASE; with `enableLmq` and
 * `enableMultiDispatch` a message is shown in the queues of its INNER_MULTI_DISPATCH too, and gets INNER_MULTI_QUEUE_OFFSET.
 */
export interface NewMessage {
  topic: string
  queueId: number
  flag: number
  sysFlag: number
  /** Wall ms. */
  bornTimestamp: number
  /** ip (4 or 16 bytes) + port (4 bytes), as stored; sysFlag's v6 bits must agree. */
  bornHost: Uint8Array
  storeHost: Uint8Array
  reconsumeTimes: number
  preparedTransactionOffset: number
  /** Copied during append. */
  body: Uint8Array
  /** The stored text form. */
  properties: string
  /**
   * Java hash of TAGS. For the schedule topic the delay of its level in ms: the queue entry gets the time when it is
   * due (reference: storage 2.2).
   */
  tagsCode: number
  /** For the index: UNIQ_KEY and the blank-separated KEYS. */
  uniqKey: string | undefined
  keys: string | undefined
  /** Property WAIT: false does not wait for the flush. */
  waitStoreOk: boolean
}

/** Reference: broker-behaviour 3.6. */
export type AppendStatus =
  | 'PUT_OK'
  | 'FLUSH_DISK_TIMEOUT'
  | 'MESSAGE_ILLEGAL'
  | 'PROPERTIES_SIZE_EXCEEDED'
  | 'CREATE_MAPPED_FILE_FAILED'
  | 'LMQ_CONSUME_QUEUE_NUM_EXCEEDED'
  | 'SERVICE_NOT_AVAILABLE'
  | 'UNKNOWN_ERROR'

/** Of one record, or of the first record of a batch (records lie one after the other). */
export interface AppendOutcome {
  status: AppendStatus
  /** -1 when nothing was stored, as all below. */
  physicalOffset: PhysicalOffset
  queueOffset: QueueOffset
  storeTimestamp: number
  /** Of all records together. */
  storedBytes: number
  /** Physical offset of every record of a batch; undefined for a single message. */
  physicalOffsets: readonly PhysicalOffset[] | undefined
}

/** Reference: broker-behaviour 4.2. */
export type ReadStatus =
  | 'FOUND'
  | 'NO_MATCHED_MESSAGE'
  | 'MESSAGE_WAS_REMOVING'
  | 'OFFSET_FOUND_NULL'
  | 'OFFSET_OVERFLOW_BADLY'
  | 'OFFSET_OVERFLOW_ONE'
  | 'OFFSET_TOO_SMALL'
  | 'NO_MATCHED_LOGIC_QUEUE'
  | 'NO_MESSAGE_IN_QUEUE'

export interface ReadRequest {
  topic: string
  queueId: number
  offset: QueueOffset
  maxCount: number
  /** Bytes of records; the first always passes. */
  maxBytes: number
  /** By queue entry; undefined takes all. */
  matchTagsCode?: ((tagsCode: number) => boolean) | undefined
  /** Ends the read before the first entry that it is true for. */
  stopBefore?: ((tagsCode: number) => boolean) | undefined
  /** By the properties of what the entry matched; undefined takes all. */
  matchProperties?: PropertyMatch | undefined
}

/** A look into the properties of one message after the other. */
export interface PropertyMatch {
  /** What one message costs, in comparisons: readers share what may be compared in one turn of the event loop. */
  readonly cost: number
  /** The stored text lies at [from, to); the bytes are good during the call only. */
  matches(bytes: Uint8Array, from: number, to: number): boolean
}

export interface ReadOutcome {
  status: ReadStatus
  nextOffset: QueueOffset
  minOffset: QueueOffset
  maxOffset: QueueOffset
  count: number
  /** Concatenated records; undefined unless FOUND. Usable as a reply body. */
  records: { readonly sizeBytes: number; copyTo(target: Buffer, at: number): void } | undefined
  /** maxPhysical - the last scanned record's offset: how far behind the reader is. */
  behindBytes: number
}

export interface StoreSpace {
  /** Used share in [0, 1] of the log's and the queues' partition. */
  commitLogRatio: number
  consumeQueueRatio: number
  totalBytes: number
  usableBytes: number
}

export interface KeyQueryOutcome {
  records: Uint8Array[]
  indexLastUpdateTimestamp: number
  indexLastUpdatePhysicalOffset: number
}

/** An entry of a consume queue as it stands there. */
export interface QueueEntry {
  offset: QueueOffset
  /** 0 with the largest size for an entry without a record (reference: storage 2.2). */
  physicalOffset: PhysicalOffset
  sizeBytes: number
  /** Rounded to a double beyond ±2^53. */
  tagsCode: number
}

export interface StoreStatus {
  minPhysicalOffset: PhysicalOffset
  maxPhysicalOffset: PhysicalOffset
  flushedOffset: PhysicalOffset
  dispatchBehindBytes: number
  /** Places of the log found damaged since the start, by recovery and by readers; what lies there is not served. */
  damagedRecords: number
  /** Why appends are refused now; undefined when they are taken. */
  readOnlyReason: string | undefined
  bootTimestamp: number
  space: StoreSpace
}

/** Where a record lies, and its size. */
export interface RecordPlace {
  physicalOffset: PhysicalOffset
  sizeBytes: number
}

/** A whole record that starts at `at` of the view. */
export type RecordVisitor = (view: DataView, at: number, shape: RecordShape) => void

export interface MessageStore {
  /** Before the start: tells which topics have queues of type BatchCQ; undefined for unknown ones. Default: none has. */
  batchTopics(isBatch: (topic: string) => boolean | undefined): void
  /** Opens, recovers and starts the services. Rejects with STORE_LOCKED, STORE_CORRUPT, IO_FAILED. */
  start(): Promise<void>
  /** Waits for appends under way, flushes, removes the abort marker. */
  stop(): Promise<void>

  /**
   * Stores one record. `done` runs in a later turn, once, when the record has left the process (ASYNC_FLUSH) or is
   * durable (SYNC_FLUSH); only then do readers see it. Order of appends per queue is order of offsets.
   */
  append(message: NewMessage, done: (outcome: AppendOutcome) => void): void
  /** All records in one segment, one after the other, of one queue: all or none. */
  appendBatch(messages: readonly NewMessage[], done: (outcome: AppendOutcome) => void): void

  /** Answers at once when everything lies in memory, else after a read off the event loop. */
  read(request: ReadRequest): ReadOutcome | Promise<ReadOutcome>

  /** 0 and 0 for a queue that does not exist; nothing is created by asking. */
  minOffset(topic: string, queueId: number): QueueOffset
  maxOffset(topic: string, queueId: number): QueueOffset
  /** Reference: broker-behaviour 11, code 29. */
  offsetByTime(
    topic: string,
    queueId: number,
    wallMs: number,
    boundary: 'LOWER' | 'UPPER',
  ): Promise<QueueOffset>
  /** Store time of the record at a queue offset; -1 if none. */
  storeTimeAt(topic: string, queueId: number, offset: QueueOffset): Promise<number>
  /** Whether the record at this queue offset counts as "in memory" (reference: broker-behaviour 5). */
  inMemory(topic: string, queueId: number, offset: QueueOffset): boolean
  /** The whole record, verified (magic, size, position); undefined when there is none. */
  recordAt(physicalOffset: PhysicalOffset): Promise<Uint8Array | undefined>
  /** The same when it lies in memory as a whole; `sizeBytes` must be its size. A copy, without a promise. */
  recordNow(physicalOffset: PhysicalOffset, sizeBytes: number): Uint8Array | undefined
  /** Copies of many at once, in order, undefined where there is none: neighbours on the disk are read by one read. */
  recordsAt(places: readonly RecordPlace[]): Promise<(Uint8Array | undefined)[]>
  /** Resolves to whether everything stored until now is durable; false when the disk will never say so. */
  makeDurable(): Promise<boolean>
  /**
   * Shows every sound record between a physical offset, where one begins, and the present end of the log, in order.
   * The bytes are good during the call only. Reads off the event loop; rejects with IO_FAILED.
   */
  scan(from: PhysicalOffset, visit: RecordVisitor): Promise<void>
  /** No more records than `maxCount`, and than lie in `maxBytes` together. */
  queryByKey(
    topic: string,
    key: string,
    maxCount: number,
    beginMs: number,
    endMs: number,
    maxBytes?: number,
  ): Promise<KeyQueryOutcome>

  /** Entries from `offset` on; none outside of the queue, undefined when there is no such queue. */
  queueEntries(
    topic: string,
    queueId: number,
    offset: QueueOffset,
    maxCount: number,
  ): Promise<readonly QueueEntry[] | undefined>

  /** Has retention delete expired segments in the next cycles, whatever the hour. */
  deleteExpiredSoon(): void
  /** Files of queues without a message, but for the topics `kept`; resolves to the number of queues. */
  dropExpiredQueueFiles(kept: (topic: string) => boolean): Promise<number>
  /**
   * Removes the queues of a topic at once; the log keeps the records. Resolves when no crash can bring the queues
   * back, or when that failed and is tried again. Rejects with IO_FAILED when files stay.
   */
  deleteTopic(topic: string): Promise<void>
  /** topic -> queue ids that exist. */
  queues(): ReadonlyMap<string, readonly number[]>
  /** Called after a queue became longer, once per queue and commit. */
  onArrival(listener: (topic: string, queueId: number, maxOffset: QueueOffset) => void): void

  status(): StoreStatus
}
