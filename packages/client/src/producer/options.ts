import { limits } from '@aerobee/base'
import type { CompressionType } from '@aerobee/wire'
import { oneOf } from '../given.js'
import type { CheckForbiddenHook, EndTransactionHook, SendMessageHook } from '../hooks.js'
import type { ClientOptions } from '../options.js'
import type { OutgoingMessage } from '../outgoing-message.js'
import { rangedOptions } from '../ranged-options.js'
import type { MessageQueue } from '../route.js'

/** Reference: client-behaviour 2.1; times in ms, sizes in bytes. */
export interface ProducerOptions extends ClientOptions {
  producerGroup: string
  /** Topics whose routes are asked for by start(). */
  topics?: readonly string[]
  /** For all tries together. Default 3000. */
  sendMsgTimeout?: number
  /** Of one try, while others may follow. Default -1: what is left of sendMsgTimeout. */
  sendMsgMaxTimeoutPerRequest?: number
  /** Further tries after the first. Default 2. */
  retryTimesWhenSendFailed?: number
  /** Whether a message that was stored, but not flushed or replicated in time, is sent to another broker. Default false. */
  retryAnotherBrokerWhenNotStoreOK?: boolean
  /** Answers of a broker after which another one is tried. Default 17, 14, 1, 2, 16, 204, 205, 1500. */
  retryResponseCodes?: readonly number[]
  /** Topic whose settings an unknown topic is created with. Default TBW102. */
  createTopicKey?: string
  /** Queues per broker of a topic that the send creates. Default 4. */
  defaultTopicQueueNums?: number
  /** Of a body, and of a batch. Default 4 MiB. */
  maxMessageSize?: number
  /** Bodies from this size on are compressed. Default 4096. */
  compressMsgBodyOverHowmuch?: number
  /** Default ZLIB; LZ4 and ZSTD need their package, see the README. */
  compressType?: CompressionType
  /** 1 (fast) to 9 (small). Default 5. */
  compressLevel?: number
  /** Whether send() waits while too much is under way. Default true. */
  enableBackpressure?: boolean
  /** Messages under way at most. Default 10000, at least 10. */
  backPressureForAsyncSendNum?: number
  /** Bytes of bodies under way at most. Default 104857600, at least 1 MiB. */
  backPressureForAsyncSendSize?: number
  /** Whether brokers that answered late or failed are passed over for a while. Default false. */
  sendLatencyEnable?: boolean
  /** Whether brokers that could not be reached are asked in the background until they can. Default false. */
  startDetectorEnable?: boolean
  /** Deadline of such a question. Default 200. */
  detectTimeout?: number
  /** Time between two questions to one broker. Default 2000. */
  detectInterval?: number
  /** Latencies from which on a broker is passed over, and for how long, both ascending. */
  latencyMax?: readonly number[]
  notAvailableDuration?: readonly number[]
  /** Whether single sends are gathered into batches. Default false. */
  autoBatch?: boolean
  /** How long the first message of such a batch waits at most. Default 10, 1 to 30000. */
  batchMaxDelayMs?: number
  /** Bodies of such a batch. Default 32 KiB, at most 2 MiB. */
  batchMaxBytes?: number
  /** Bodies of all such batches that wait; beyond it messages are sent alone. Default 32 MiB. */
  totalBatchMaxBytes?: number
  /** With enableTrace: whether recalls are traced too. Default false. */
  recallDefaultTraceEnable?: boolean
  sendMessageHooks?: readonly SendMessageHook[]
  checkForbiddenHooks?: readonly CheckForbiddenHook[]
  endTransactionHooks?: readonly EndTransactionHook[]
}

export interface SendOptions {
  /** Ends the waiting: the send rejects with the signal's reason. A message that is on its way is not called back. */
  signal?: AbortSignal
  /** Send to this queue, without retry. */
  queue?: MessageQueue
  /** Chooses the queue, without retry. */
  selector?: QueueSelector
  /** Default sendMsgTimeout. */
  timeoutMs?: number
}

/** Chooses one of a topic's writable queues. */
export type QueueSelector = (
  queues: readonly MessageQueue[],
  message: OutgoingMessage,
) => MessageQueue | undefined

export type SendStatus = 'SEND_OK' | 'FLUSH_DISK_TIMEOUT' | 'FLUSH_SLAVE_TIMEOUT' | 'SLAVE_NOT_AVAILABLE'

export interface SendResult {
  /** Anything but SEND_OK: stored, yet not as safe as configured. */
  status: SendStatus
  /** Unique id of the message. */
  messageId: string
  /** Where the broker stored it. */
  offsetMessageId: string
  queue: MessageQueue
  queueOffset: number
  /** Of a message in a transaction. */
  transactionId?: string
  /** By which a delayed message can be recalled. */
  recallHandle?: string
  /** Region of the broker. */
  regionId: string
  /** Whether the broker wants messages traced. */
  traceOn: boolean
}

/** Default, smallest and largest value. */
const ranges = {
  sendMsgTimeout: [3000, 1, 0x7fff_ffff],
  sendMsgMaxTimeoutPerRequest: [-1, -1, 0x7fff_ffff],
  retryTimesWhenSendFailed: [2, 0, 1000],
  defaultTopicQueueNums: [4, 1, 65_535],
  maxMessageSize: [limits.messageBodyBytes, 1, limits.frameBytes],
  compressMsgBodyOverHowmuch: [4096, 0, 0x7fff_ffff],
  compressLevel: [5, 1, 9],
  backPressureForAsyncSendNum: [10_000, 10, 0x7fff_ffff],
  backPressureForAsyncSendSize: [100 * 1024 * 1024, 1024 * 1024, Number.MAX_SAFE_INTEGER],
  detectTimeout: [200, 1, 60_000],
  detectInterval: [2000, 1, 0x7fff_ffff],
  batchMaxDelayMs: [10, 1, 30_000],
  batchMaxBytes: [32 * 1024, 1, 2 * 1024 * 1024],
  totalBatchMaxBytes: [32 * 1024 * 1024, 1, 0x7fff_ffff],
} as const satisfies Partial<Record<keyof ProducerOptions, readonly [number, number, number]>>

type Ranged = keyof typeof ranges

export type ProducerSettings = Record<Ranged, number> & {
  retryAnotherBrokerWhenNotStoreOK: boolean
  retryResponseCodes: ReadonlySet<number>
  createTopicKey: string
  compressType: CompressionType
  enableBackpressure: boolean
}

const retryResponseCodes = [17, 14, 1, 2, 16, 204, 205, 1500]

/** Throws AerobeeError INVALID_ARGUMENT. */
export function producerSettings(options: ProducerOptions): ProducerSettings {
  const numbers = rangedOptions(ranges, options)
  return {
    ...numbers,
    retryAnotherBrokerWhenNotStoreOK: options.retryAnotherBrokerWhenNotStoreOK ?? false,
    retryResponseCodes: new Set(options.retryResponseCodes ?? retryResponseCodes),
    createTopicKey: options.createTopicKey ?? 'TBW102',
    compressType: oneOf('compressType', options.compressType, ['ZLIB', 'LZ4', 'ZSTD']),
    enableBackpressure: options.enableBackpressure ?? true,
  }
}
