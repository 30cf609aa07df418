import { isAerobeeError, type Logger } from '@aerobee/base'
import { failure, type Handler } from '@aerobee/net'
import { bodies, commands, responseCodes } from '@aerobee/wire'
import { refuseTooOld } from '../admin/too-old.js'
import { wholeAnswer } from '../admin/whole-answer.js'
import { callClient } from '../clients/call-client.js'
import type { ConsumerClient, Consumers } from '../clients/consumers.js'

type Get = typeof commands.invokeBrokerToGetConsumerStatus

const timeoutMs = 5000

/**
 * Ask the consumers of a group how far they are (request 223, which asks them by 221; reference: broker-behaviour
 * 13). One that does not answer, or not as it should, is left out.
 */
export function getConsumerStatusHandler({
  consumers,
  logger,
}: {
  consumers: Consumers
  logger: Logger
}): Handler<Get['request'], Get['response']> {
  return async ({ request: { topic, group, clientAddr } }) => {
    const clients = [...(consumers.group(group)?.clients.values() ?? [])]
    if (clients.length === 0)
      return failure(responseCodes.SYSTEM_ERROR, `No Any Consumer online in the consumer group: [${group}]`)
    const tooOld = refuseTooOld(clients)
    if (tooOld) return tooOld
    const asked = clientAddr ? clients.filter(({ clientId }) => clientId === clientAddr) : clients
    const answers = await Promise.all(asked.map((client) => statusOf(client, topic, group, logger)))
    const consumerTable = new Map(answers.filter((answer) => answer !== undefined))
    return wholeAnswer(
      bodies.consumerStatus.encode({ consumerTable, messageQueueTable: [] }),
      'ask for single clients',
    )
  }
}

async function statusOf(
  { connection, clientId }: ConsumerClient,
  topic: string,
  group: string,
  logger: Logger,
): Promise<[string, bodies.ConsumerStatus['messageQueueTable']] | undefined> {
  const fields = { topic, group }
  const answer = await callClient(connection, commands.getConsumerStatusFromClient, fields, { timeoutMs })
  if (isAerobeeError(answer) || answer.code !== responseCodes.SUCCESS || answer.body.length === 0) {
    const reason = isAerobeeError(answer) ? answer.message : `code ${answer.code}`
    logger.warn(`client ${clientId} did not tell how far ${group} is on ${topic}: ${reason}`)
    return undefined
  }
  const status = bodies.consumerStatus.decode(answer.body)
  if (status.ok) return [clientId, status.value.messageQueueTable]
  logger.warn(`client ${clientId} told how far ${group} is in a way that is not understood: ${status.reason}`)
  return undefined
}
