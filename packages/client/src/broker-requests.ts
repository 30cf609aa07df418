import { emptyBytes, type Logger } from '@aerobee/base'
import { Dispatcher, type Exchange, failure, type Reply, serve, success } from '@aerobee/net'
import {
  appendProperty,
  bodies,
  commands,
  commandsOf,
  hostBytes,
  type MessageRecord,
  propertyNames,
  type RequestOf,
  responseCodes,
} from '@aerobee/wire'
import { decodeMessage, messageOf } from './decode-messages.js'
import type { Role } from './role.js'

export interface BrokerRequestsOptions {
  roles: ReadonlySet<Role>
  logger: Logger
  namespace: string | undefined
  wallMs(): number
  groupsChanged(): void
}

/** What brokers ask of and tell their clients (reference: client-behaviour 1.6). */
export function brokerRequests(options: BrokerRequestsOptions): Dispatcher {
  return new Dispatcher({
    receiver: 'client',
    commands: commandsOf('client'),
    registrations: [
      serve(commands.notifyConsumerIdsChanged, ({ connection }) => {
        options.logger.debug(`broker ${connection.remoteText} says that a group changed`)
        options.groupsChanged()
        return success()
      }),
      serve(commands.resetConsumerClientOffset, (exchange) => resetOffset(options, exchange)),
      serve(commands.getConsumerStatusFromClient, ({ request }) => {
        const role = consumerOf(options, request.group)
        const messageQueueTable = role?.offsets?.(request.topic) ?? []
        const body = bodies.consumerStatus.encode({ consumerTable: new Map(), messageQueueTable })
        return success(null, body)
      }),
      serve(commands.getConsumerRunningInfoFromClient, ({ request }) => {
        const info = consumerOf(options, request.consumerGroup)?.runningInfo?.(request.jstackEnable ?? false)
        return info ? success(null, bodies.consumerRunningInfo.encode(info)) : noGroup(request.consumerGroup)
      }),
      serve(commands.consumeMessageDirectlyOnClient, (exchange) => consumeDirectly(options, exchange)),
      serve(commands.checkTransactionState, (exchange) => checkTransaction(options, exchange)),
      serve(commands.pushReplyMessageToClient, (exchange) => takeReply(options, exchange)),
    ],
    logger: options.logger,
  })
}

function consumerOf({ roles }: BrokerRequestsOptions, group: string): Role | undefined {
  for (const role of roles) if (role.consumerGroup === group) return role
  return undefined
}

const noGroup = (group: string): Reply<never> =>
  failure(responseCodes.SYSTEM_ERROR, `The Consumer Group <${group}> not exist in this consumer`)

type Request<C> = Exchange & { readonly request: RequestOf<C> }

function resetOffset(
  options: BrokerRequestsOptions,
  { request, frame }: Request<typeof commands.resetConsumerClientOffset>,
): Reply<never> {
  const reset = bodies.resetOffset.decode(frame.body)
  if (!reset.ok) return failure(responseCodes.SYSTEM_ERROR, reset.reason)
  options.logger.info(`the offsets of group ${request.group} on topic ${request.topic} are reset`)
  consumerOf(options, request.group)?.resetOffsets?.(request.topic, reset.value.offsetTable)
  return success()
}

async function consumeDirectly(
  options: BrokerRequestsOptions,
  { request, frame }: Request<typeof commands.consumeMessageDirectlyOnClient>,
): Promise<Reply<never>> {
  const role = consumerOf(options, request.consumerGroup)
  if (!role?.consumeDirectly) return noGroup(request.consumerGroup)
  const message = await decodeMessage(frame.body, {
    brokerName: request.brokerName ?? '',
    namespace: options.namespace,
    logger: options.logger,
  })
  if (!message.ok) return failure(responseCodes.SYSTEM_ERROR, message.reason)
  const result = await role.consumeDirectly(message.value)
  return success(null, bodies.consumeMessageDirectlyResult.encode(result))
}

async function checkTransaction(
  options: BrokerRequestsOptions,
  { request, frame, connection }: Request<typeof commands.checkTransactionState>,
): Promise<Reply<never>> {
  const { logger } = options
  const message = await decodeMessage(frame.body, {
    brokerName: request.brokerName ?? '',
    namespace: options.namespace,
    logger,
  })
  if (!message.ok) {
    logger.warn(`a transaction check of broker ${connection.remoteText} is not readable: ${message.reason}`)
    return success()
  }
  const group = message.value.property(propertyNames.producerGroup)
  const role = [...options.roles].find((one) => one.producerGroup === group && one.checkTransaction)
  if (!role) logger.warn(`nobody here can answer a transaction check of producer group ${group}`)
  role?.checkTransaction?.({
    message: message.value,
    address: connection.remoteText,
    brokerName: request.brokerName,
    topic: request.topic ?? message.value.topic,
    tranStateTableOffset: request.tranStateTableOffset,
    commitLogOffset: request.commitLogOffset,
    transactionId: request.transactionId,
  })
  return success()
}

async function takeReply(
  options: BrokerRequestsOptions,
  { request, frame }: Request<typeof commands.pushReplyMessageToClient>,
): Promise<Reply<never>> {
  const record: MessageRecord = {
    totalSize: 0,
    version: 1,
    bodyCrc: 0,
    queueId: request.queueId,
    flag: request.flag,
    queueOffset: 0,
    physicalOffset: 0,
    sysFlag: request.sysFlag,
    bornTimestamp: request.bornTimestamp,
    bornHost: hostOf(request.bornHost),
    storeTimestamp: request.storeTimestamp,
    storeHost: hostOf(request.storeHost),
    reconsumeTimes: request.reconsumeTimes ?? 0,
    preparedTransactionOffset: 0,
    body: Uint8Array.from(frame.body),
    topic: request.topic,
    properties: appendProperty(request.properties ?? '', propertyNames.arriveTime, String(options.wallMs())),
    propertiesBytes: emptyBytes,
  }
  const message = await messageOf(record, {
    brokerName: '',
    namespace: options.namespace,
    logger: options.logger,
  })
  if (!message.ok) {
    options.logger.warn(`a reply is not readable: ${message.reason}`)
    return failure(responseCodes.SYSTEM_ERROR, 'process reply message fail')
  }
  const taken = [...options.roles].some((role) => role.takeReply?.(message.value))
  if (!taken)
    options.logger.warn(
      `nobody waits for the reply with correlation id ${message.value.property(propertyNames.correlationId)}`,
    )
  return success()
}

const noHost = new Uint8Array(8)

/** `1.2.3.4:80`, perhaps with a slash in front of it, as Java prints socket addresses. */
function hostOf(text: string): Uint8Array {
  const colon = text.lastIndexOf(':')
  const host = text.slice(text.lastIndexOf('/', colon) + 1, colon).replace(/^\[(.*)\]$/, '$1')
  return hostBytes(host, Number(text.slice(colon + 1)) | 0) ?? noHost
}
