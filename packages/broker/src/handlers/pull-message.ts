import type { Handler } from '@aerobee/net'
import { type commands, isBrokersOwn } from '@aerobee/wire'
import { resetAnswer } from '../pull/answer.js'
import { checkPull, type PullReply, pullFlags } from '../pull/checks.js'
import type { PullParts } from '../pull/parts.js'
import { PullRun } from '../pull/pull-run.js'

type Pull = typeof commands.pullMessage

/**
 * Read messages of a queue (requests 11 and, `lite`, 361; reference: broker-behaviour 4). The records go from the
 * store into the connection's outbox without another copy. A pull that finds nothing is held when it asks for that;
 * a filtered one stays held when only messages arrive that it does not want.
 */
export function pullMessageHandler(
  parts: PullParts,
  { lite }: { lite: boolean },
): Handler<Pull['request'], Pull['response']> {
  return (exchange) => {
    const busy = parts.admission.admitPull(parts.longPoll.held)
    if (busy) return busy as PullReply
    const { request } = exchange
    const admitted = checkPull(parts, request, exchange.connection, lite)
    if ('code' in admitted) return admitted
    const { consumerGroup, topic, queueId } = request
    // A pull that learns of a reset does not commit: the offset it brings is from before the reset.
    const { id } = exchange.connection
    const reset = parts.offsets.redirect(consumerGroup, topic, queueId, id, request.queueOffset)
    if (reset !== undefined) return resetAnswer(parts, request, admitted, reset)
    const start = admitted.broadcast && parts.broadcastOffsets.startOf(request, admitted.broadcast)
    if (start !== undefined) return resetAnswer(parts, request, admitted, start)
    if ((request.sysFlag & pullFlags.commitOffset) !== 0 && !isBrokersOwn(topic))
      parts.offsets.commitWithPull(consumerGroup, topic, queueId, request.commitOffset)
    return new PullRun(parts, exchange, lite).start(admitted)
  }
}
