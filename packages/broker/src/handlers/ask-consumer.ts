import { isAerobeeError } from '@aerobee/base'
import { failure, type Handler, type Reply } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import {
  type Command,
  commands,
  type Encodable,
  type FieldSet,
  parseOffsetMessageId,
  type RequestOf,
  responseCodes,
  versionName,
  versions,
} from '@aerobee/wire'
import { callClient } from '../clients/call-client.js'
import type { ConsumerClient, Consumers } from '../clients/consumers.js'
import type { GroupTable } from '../groups.js'
import type { TopicTable } from '../topics.js'

type Info = typeof commands.getConsumerRunningInfo
type Directly = typeof commands.consumeMessageDirectly

/** Ask a consumer for its inner state, and give its answer as it is (request 307; reference: broker-behaviour 13). */
export function getConsumerRunningInfoHandler({
  consumers,
}: {
  consumers: Consumers
}): Handler<Info['request'], Info['response']> {
  return async ({ request }) => {
    const { consumerGroup, clientId } = request
    const client = memberFor(consumers, consumerGroup, clientId)
    return 'code' in client
      ? client
      : pass(client, consumerGroup, commands.getConsumerRunningInfoFromClient, request)
  }
}

/** Have a consumer consume a message again, and tell how that went (request 309). */
export function consumeMessageDirectlyHandler(parts: {
  consumers: Consumers
  topics: TopicTable
  groups: GroupTable
  store: MessageStore
  config: { brokerName: string }
}): Handler<Directly['request'], Directly['response']> {
  const { consumers, topics, groups, store, config } = parts
  return async ({ request }) => {
    const { consumerGroup, clientId, topic } = request
    const client = memberFor(consumers, consumerGroup, clientId)
    if ('code' in client) return client
    const record = await messageOf(store, request)
    if ('code' in record) return record
    const fields = {
      ...request,
      clientId: client.clientId,
      brokerName: config.brokerName,
      topicSysFlag: topic === undefined ? undefined : topics.find(topic)?.topicSysFlag,
      groupSysFlag: groups.get(consumerGroup)?.groupSysFlag,
    }
    return pass(client, consumerGroup, commands.consumeMessageDirectlyOnClient, fields, record)
  }
}

/** `clientId` undefined takes any member. */
function memberFor(
  consumers: Consumers,
  group: string,
  clientId: string | undefined,
): ConsumerClient | Reply {
  const client = consumers.client(group, clientId)
  if (!client)
    return failure(responseCodes.SYSTEM_ERROR, `The Consumer <${group}> <${clientId ?? 'null'}> not online`)
  if (client.version < versions.V3_1_8_SNAPSHOT)
    return failure(
      responseCodes.SYSTEM_ERROR,
      `The Consumer <${client.clientId}> Version <${versionName(client.version)}> too low to finish, ` +
        'please upgrade it to V3_1_8_SNAPSHOT',
    )
  return client
}

async function messageOf(
  store: MessageStore,
  { msgId = '' }: RequestOf<Directly>,
): Promise<Uint8Array | Reply> {
  const id = parseOffsetMessageId(msgId)
  if (!id.ok) return failure(responseCodes.SYSTEM_ERROR, `msgId[${msgId.slice(0, 64)}]: ${id.reason}`)
  const { physicalOffset } = id.value
  const record = await store.recordAt(physicalOffset)
  return (
    record ?? failure(responseCodes.SYSTEM_ERROR, `can not find message by the offset, ${physicalOffset}`)
  )
}

async function pass<Req extends FieldSet>(
  { connection, clientId }: ConsumerClient,
  group: string,
  command: Command<Req>,
  fields: Encodable<Req>,
  body?: Uint8Array,
): Promise<Reply> {
  const answer = await callClient(connection, command, fields, body ? { body } : {})
  if (!isAerobeeError(answer))
    return { code: answer.code, remark: answer.remark, fields: null, body: answer.body }
  return answer.code === 'TIMEOUT'
    ? failure(
        responseCodes.CONSUME_MSG_TIMEOUT,
        `consumer <${group}> <${clientId}> Timeout: ${answer.message}`,
      )
    : failure(
        responseCodes.SYSTEM_ERROR,
        `invoke consumer <${group}> <${clientId}> Exception: ${answer.message}`,
      )
}
