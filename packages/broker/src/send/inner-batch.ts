import type { NewMessage } from '@aerobee/store'
import {
  type BatchItem,
  decodeBatch,
  endedProperties,
  findProperty,
  propertyNames,
  propertyText,
  systemFlags,
  tagsCode,
} from '@aerobee/wire'
import type { Peer } from '../peers.js'
import { cleaned, type SentProperties } from '../sent-properties.js'
import { isBatchTopic } from '../topics.js'
import type { Destination } from './destination.js'
import { type SendExchange, sysFlagOf, tooLong } from './message.js'
import type { SendParts } from './parts.js'

/** Java keeps the number of messages as an int16. */
const mostMessages = 0x7fff

/**
 * Whether a message that is an inner batch as it comes, or says so, may be stored (reference: broker-behaviour 3.5): flag
 * and INNER_NUM come together, the topic's queues are of type BatchCQ. Ours: INNER_NUM is the number of its messages.
 */
export function isInnerBatch({ request, frame }: SendExchange, { topic }: Destination): boolean {
  if ((request.sysFlag & systemFlags.innerBatch) === 0 || !isBatchTopic(topic)) return false
  const items = decodeBatch(frame.body)
  return (
    items.ok &&
    items.value.length > 0 &&
    items.value.length <= mostMessages &&
    findProperty(request.properties ?? '', propertyNames.innerNum) === String(items.value.length)
  )
}

/** Whether a batch is stored as one record (reference: broker-behaviour 3.6, batch). */
export const becomesOneRecord = ({ topic }: Destination, shared: SentProperties): boolean =>
  isBatchTopic(topic) && shared.uniqKey !== undefined

/** The whole batch in one record; undefined when its properties are too long, or it has too many messages. */
export function innerBatch(
  parts: SendParts,
  { request, frame }: SendExchange,
  { topic, queueId }: Destination,
  peer: Peer,
  items: readonly BatchItem[],
  shared: SentProperties,
): NewMessage | undefined {
  if (items.length > mostMessages) return undefined
  const { innerNum, innerBase } = propertyNames
  const sent = request.properties ?? ''
  const kept = shared.rewrite || shared.innerBatch ? cleaned(sent, [innerNum, innerBase]) : sent
  const properties =
    endedProperties(kept) + parts.ownProperties() + propertyText(innerNum, String(items.length))
  if (tooLong(properties)) return undefined
  return {
    topic: topic.topicName,
    queueId,
    flag: request.flag,
    sysFlag: sysFlagOf(request.sysFlag, topic, peer) | systemFlags.needUnwrap | systemFlags.innerBatch,
    bornTimestamp: request.bornTimestamp,
    bornHost: peer.bornHost,
    storeHost: peer.storeHost,
    reconsumeTimes: request.reconsumeTimes ?? 0,
    preparedTransactionOffset: 0,
    body: frame.body,
    properties,
    tagsCode: tagsCode(shared.tags),
    uniqKey: shared.uniqKey,
    keys: shared.keys,
    waitStoreOk: shared.waitStoreOk,
  }
}
