import type { Clock } from '@aerobee/base'
import { failure, type Handler, success } from '@aerobee/net'
import { bodies, type commands, responseCodes } from '@aerobee/wire'
import { wholeAnswer } from '../admin/whole-answer.js'
import type { ClientRegistry } from '../clients/client-registry.js'
import type { ConsumerClient, Consumers } from '../clients/consumers.js'

type OfConsumers = typeof commands.getConsumerConnectionList
type AllProducers = typeof commands.getAllProducerInfo
type OfProducers = typeof commands.getProducerConnectionList

/** Who is connected for a consumer group (request 203; reference: broker-behaviour 13). */
export function getConsumerConnectionsHandler({
  consumers,
}: {
  consumers: Consumers
}): Handler<OfConsumers['request'], OfConsumers['response']> {
  return ({ request: { consumerGroup } }) => {
    const group = consumers.group(consumerGroup)
    if (!group)
      return failure(responseCodes.CONSUMER_NOT_ONLINE, `the consumer group[${consumerGroup}] not online`)
    const subscriptions = [...group.topics].map(([topic, { subscription }]) => [topic, subscription] as const)
    const connection = {
      connectionSet: [...group.clients.values()].map(connectionOf),
      consumeFromWhere: group.consumeFromWhere,
      consumeType: group.consumeType,
      messageModel: group.messageModel,
      subscriptionTable: new Map(subscriptions),
    }
    return success(null, bodies.consumerConnection.encode(connection))
  }
}

/** Who is connected for a producer group (request 204). */
export function getProducerConnectionsHandler({
  clients,
}: {
  clients: ClientRegistry
}): Handler<OfProducers['request'], OfProducers['response']> {
  return ({ request: { producerGroup } }) => {
    const group = clients.producers.all.get(producerGroup)
    if (!group) return failure(responseCodes.SYSTEM_ERROR, `the producer group[${producerGroup}] not exist`)
    const connectionSet = [...group.values()].map(connectionOf)
    return success(null, bodies.producerConnection.encode({ connectionSet }))
  }
}

/** Who is connected for every producer group (request 328). */
export function getAllProducersHandler({
  clients,
  clock,
}: {
  clients: ClientRegistry
  clock: Clock
}): Handler<AllProducers['request'], AllProducers['response']> {
  return () => {
    const wallAtMonoZero = clock.wallMs() - clock.monoMs()
    const data = [...clients.producers.all].map(([group, members]) => {
      const infos = [...members.values()].map((client) => ({
        clientId: client.clientId,
        language: client.language ?? 'OTHER',
        lastUpdateTimestamp: Math.round(wallAtMonoZero + client.lastSeenMonoMs),
        remoteIP: `/${client.connection.remoteText}`,
        version: client.version,
      }))
      return [group, infos] as const
    })
    return wholeAnswer(
      bodies.producerTable.encode({ data: new Map(data) }),
      'ask for single groups, with request 204',
    )
  }
}

type Client = Pick<ConsumerClient, 'connection' | 'clientId' | 'language' | 'version'>

const connectionOf = ({ connection, clientId, language, version }: Client): bodies.ClientConnection => ({
  clientAddr: connection.remoteText,
  clientId,
  language: language ?? 'OTHER',
  version,
})
