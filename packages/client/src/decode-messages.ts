import { type AerobeeError, bad, good, isAerobeeError, type Logger, limits, type Result } from '@aerobee/base'
import {
  compressionType,
  decodeBatch,
  decodeRecord,
  decodeRecords,
  decompressBody,
  findProperty,
  type MessageRecord,
  propertyNames,
  systemFlags,
} from '@aerobee/wire'
import { withoutNamespace } from './namespace.js'
import { originTopic, ReceivedMessage } from './received-message.js'
import type { MessageQueue } from './route.js'

/** Where records come from, and what their messages take from there. */
export interface RecordSource {
  /** As users know it. */
  queue: MessageQueue
  namespace: string | undefined
  /** Offset behind the last message of the queue; -1 when it is not known. */
  maxOffset: number
  /** Static topics count from elsewhere than their records. Default 0. */
  offsetDelta?: number
  /** What was asked for: of a batch in one record, messages before it are left out. Default 0. */
  fromOffset?: number
  logger: Logger
}

/**
 * Messages of a pull's answer, of which the bodies are copied: it is not needed any more afterwards. What cannot be read: a record that
 * is no record ends the list; a body that cannot be decompressed is left out, with a line in the log. Rejects with
 * UNSUPPORTED while the codec of a body is not installed, so that nothing is lost meanwhile.
 */
export function decodeMessages(
  answer: Uint8Array,
  source: RecordSource,
): ReceivedMessage[] | Promise<ReceivedMessage[]> {
  const records = recordsOf(answer, source)
  if (records.some(isCompressed)) return decodeCompressed(recordsOf(Buffer.from(answer), source), source)
  const shown = unwrapped(records, source)
  const bodies = new Uint8Array(shown.reduce((sum, { body }) => sum + body.length, 0))
  let at = 0
  return shown.map((record) => {
    const { body } = record
    bodies.set(body, at)
    const copy = new Uint8Array(bodies.buffer, at, body.length)
    at += body.length
    return message(record, copy, source)
  })
}

const isCompressed = (record: MessageRecord): boolean => (record.sysFlag & systemFlags.compressed) !== 0

function recordsOf(bytes: Uint8Array, { queue, logger }: RecordSource): MessageRecord[] {
  const all = decodeRecords(bytes)
  if (all.ok) return all.value
  const records: MessageRecord[] = []
  for (let at = 0; at < bytes.length; ) {
    const record = decodeRecord(bytes, at)
    if (!record.ok) break
    records.push(record.value)
    at += record.value.totalSize
  }
  logger.error(`an answer for queue ${queue.queueId} of topic ${queue.topic} is not readable: ${all.reason}`)
  return records
}

async function decodeCompressed(
  records: readonly MessageRecord[],
  source: RecordSource,
): Promise<ReceivedMessage[]> {
  const bodies = await Promise.all(
    records.map((record) => (isCompressed(record) ? decompressed(record) : good(record.body))),
  )
  const readable = records.flatMap((record, i) => {
    const body = bodies[i]!
    if (body.ok) return [{ ...record, body: body.value }]
    const { queue, logger } = source
    logger.error(
      `message at offset ${record.queueOffset} of queue ${queue.queueId} of topic ${queue.topic} cannot be read and is left out: ${body.reason}`,
    )
    return []
  })
  return unwrapped(readable, source).map((record) => message(record, record.body, source))
}

async function decompressed(record: MessageRecord): Promise<Result<Uint8Array>> {
  const type = compressionType(record.sysFlag)
  if (!type) return bad(`the compression bits of sysFlag ${record.sysFlag} are unknown`)
  try {
    return good(await decompressBody(type, record.body, 4 * limits.messageBodyBytes))
  } catch (thrown) {
    if (!isAerobeeError(thrown) || thrown.code === 'UNSUPPORTED') throw thrown
    return bad((thrown as AerobeeError).message)
  }
}

const wrapped = systemFlags.innerBatch | systemFlags.needUnwrap

/** Records that hold a batch become its members; all stay as they are when one of them cannot be taken apart. */
function unwrapped(records: MessageRecord[], source: RecordSource): MessageRecord[] {
  const { logger, offsetDelta = 0, fromOffset = 0 } = source
  if (!records.some((record) => (record.sysFlag & wrapped) === wrapped)) return records
  const members: MessageRecord[] = []
  for (const record of records) {
    if ((record.sysFlag & wrapped) !== wrapped) {
      members.push(record)
      continue
    }
    const batch = decodeBatch(record.body)
    const base = Number(findProperty(record.properties, propertyNames.innerBase) ?? record.queueOffset)
    if (!batch.ok || !Number.isSafeInteger(base)) {
      logger.error(`the batch at offset ${record.queueOffset} of topic ${record.topic} cannot be taken apart`)
      return records
    }
    for (const [i, { flag, body, properties }] of batch.value.entries())
      if (base + i + offsetDelta >= fromOffset)
        members.push({ ...record, queueOffset: base + i, flag, body, properties })
  }
  return members
}

function message(record: MessageRecord, body: Uint8Array, source: RecordSource): ReceivedMessage {
  return new ReceivedMessage({
    record,
    body,
    topic: withoutNamespace(source.namespace, originTopic(record)),
    queue: source.queue,
    queueOffset: record.queueOffset + (source.offsetDelta ?? 0),
    maxOffset: source.maxOffset,
  })
}

/** Where a message comes from that came alone. */
export interface SingleSource {
  brokerName: string
  namespace: string | undefined
  logger: Logger
}

/** The one message of a request or an answer that holds a record; the bytes are copied. */
export async function decodeMessage(
  bytes: Uint8Array,
  source: SingleSource,
): Promise<Result<ReceivedMessage>> {
  const record = decodeRecord(Buffer.from(bytes))
  return record.ok ? messageOf(record.value, source) : record
}

export async function messageOf(
  record: MessageRecord,
  { brokerName, namespace, logger }: SingleSource,
): Promise<Result<ReceivedMessage>> {
  const body = isCompressed(record) ? await decompressed(record) : good(record.body)
  if (!body.ok) return body
  const queue = { topic: withoutNamespace(namespace, record.topic), brokerName, queueId: record.queueId }
  return good(message(record, body.value, { queue, namespace, maxOffset: -1, logger }))
}
