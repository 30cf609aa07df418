import { AerobeeError, type PhysicalOffset, type QueueOffset } from '@aerobee/base'
import type { ConsumeQueue } from './consume-queue/consume-queue.js'
import type { BatchTopicTest } from './consume-queue/queue-table.js'
import type {
  AppendOutcome,
  KeyQueryOutcome,
  MessageStore,
  NewMessage,
  QueueEntry,
  ReadOutcome,
  ReadRequest,
  RecordPlace,
  RecordVisitor,
  StoreStatus,
} from './contracts.js'
import type { ArrivalListener } from './dispatch.js'
import type { StoreEnvironment } from './environment.js'
import { dropExpiredQueueFiles } from './expired-queues.js'
import { readRecords } from './read/many-records.js'
import { queueEntries } from './read/queue-entries.js'
import type { RunningStore } from './running-store.js'
import { startStore } from './starting.js'

/** The store in `options.storePathRootDir`; nothing is touched before `start`. */
export function openMessageStore(environment: StoreEnvironment): MessageStore {
  return new DirectoryStore(environment)
}

const refused: AppendOutcome = {
  status: 'SERVICE_NOT_AVAILABLE',
  physicalOffset: -1,
  queueOffset: -1,
  storeTimestamp: -1,
  storedBytes: -1,
  physicalOffsets: undefined,
}

class DirectoryStore implements MessageStore {
  readonly #environment: StoreEnvironment
  readonly #listeners: ArrivalListener[] = []
  #store: RunningStore | undefined
  #stopping: Promise<void> | undefined
  #isBatch: BatchTopicTest = () => undefined

  constructor(environment: StoreEnvironment) {
    this.#environment = environment
  }

  async start(): Promise<void> {
    if (this.#store) throw new AerobeeError('CLOSED', 'The store was started before: open another one.')
    const store = await startStore(this.#environment, this.#isBatch)
    for (const listener of this.#listeners) store.dispatch.onArrival(listener)
    await store.start()
    this.#store = store
  }

  batchTopics(isBatch: BatchTopicTest): void {
    this.#isBatch = isBatch
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#store?.stop() ?? Promise.resolve()
    return this.#stopping
  }

  append(message: NewMessage, done: (outcome: AppendOutcome) => void): void {
    if (this.#store) this.#store.log.appends.append(message, done)
    else this.#environment.clock.endOfTurn(() => done({ ...refused }))
  }

  appendBatch(messages: readonly NewMessage[], done: (outcome: AppendOutcome) => void): void {
    if (this.#store) this.#store.log.appends.appendBatch(messages, done)
    else this.#environment.clock.endOfTurn(() => done({ ...refused }))
  }

  read(request: ReadRequest): ReadOutcome | Promise<ReadOutcome> {
    return this.#running().reader.read(request)
  }

  minOffset(topic: string, queueId: number): QueueOffset {
    return this.#find(topic, queueId)?.minOffset ?? 0
  }

  maxOffset(topic: string, queueId: number): QueueOffset {
    return this.#find(topic, queueId)?.maxOffset ?? 0
  }

  async offsetByTime(
    topic: string,
    queueId: number,
    wallMs: number,
    boundary: 'LOWER' | 'UPPER',
  ): Promise<QueueOffset> {
    const queue = this.#find(topic, queueId)
    return queue === undefined ? 0 : this.#running().reader.search.offsetByTime(queue, wallMs, boundary)
  }

  async storeTimeAt(topic: string, queueId: number, offset: QueueOffset): Promise<number> {
    const queue = this.#find(topic, queueId)
    return queue === undefined ? -1 : this.#running().reader.search.storeTimeAt(queue, offset)
  }

  inMemory(topic: string, queueId: number, offset: QueueOffset): boolean {
    const queue = this.#find(topic, queueId)
    if (queue === undefined || offset < queue.minOffset || offset >= queue.maxOffset) return true
    return this.#running().reader.isRecent(queue, offset)
  }

  async recordAt(physicalOffset: number): Promise<Uint8Array | undefined> {
    return this.#running().reader.records.read(physicalOffset)
  }

  scan(from: PhysicalOffset, visit: RecordVisitor): Promise<void> {
    return this.#running().scan(from, visit)
  }

  recordNow(physicalOffset: number, sizeBytes: number): Uint8Array | undefined {
    return this.#running().reader.records.readNow(physicalOffset, sizeBytes)
  }

  recordsAt(places: readonly RecordPlace[]): Promise<(Uint8Array | undefined)[]> {
    return readRecords(this.#running().reader.records, places)
  }

  makeDurable(): Promise<boolean> {
    return this.#running().makeDurable()
  }

  async queryByKey(
    topic: string,
    key: string,
    maxCount: number,
    beginMs: number,
    endMs: number,
    maxBytes: number = Number.POSITIVE_INFINITY,
  ): Promise<KeyQueryOutcome> {
    const { parts, reader } = this.#running()
    const records: Uint8Array[] = []
    if (!parts.index) return { records, indexLastUpdateTimestamp: 0, indexLastUpdatePhysicalOffset: 0 }
    const found = await parts.index.query(topic, key, maxCount, beginMs, endMs)
    let bytes = 0
    for (const physicalOffset of found.physicalOffsets) {
      const record = await reader.records.read(physicalOffset)
      bytes += record?.length ?? 0
      if (bytes > maxBytes) break
      if (record) records.push(record)
    }
    return {
      records,
      indexLastUpdateTimestamp: found.lastUpdateTimestamp,
      indexLastUpdatePhysicalOffset: found.lastUpdatePhysicalOffset,
    }
  }

  async queueEntries(
    topic: string,
    queueId: number,
    offset: QueueOffset,
    maxCount: number,
  ): Promise<QueueEntry[] | undefined> {
    const queue = this.#find(topic, queueId)
    return queue && queueEntries(this.#running().reader.search, queue, offset, maxCount)
  }

  deleteExpiredSoon(): void {
    this.#running().retention.deleteSoon()
  }

  async dropExpiredQueueFiles(kept: (topic: string) => boolean): Promise<number> {
    return dropExpiredQueueFiles(this.#running(), kept)
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#running().deleteTopic(topic)
  }

  queues(): ReadonlyMap<string, readonly number[]> {
    return this.#running().parts.queues.ids()
  }

  onArrival(listener: ArrivalListener): void {
    this.#listeners.push(listener)
    this.#store?.dispatch.onArrival(listener)
  }

  status(): StoreStatus {
    return this.#running().status()
  }

  #running(): RunningStore {
    if (this.#store) return this.#store
    throw new AerobeeError('CLOSED', 'The store is not running: start it first.')
  }

  #find(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.#running().parts.queues.find(topic, queueId)
  }
}
