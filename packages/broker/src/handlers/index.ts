import { type Registration, serve } from '@aerobee/net'
import { commands } from '@aerobee/wire'
import type { BrokerParts } from '../parts.js'
import { administrationHandlers } from './administration.js'
import { checkClientConfigHandler } from './check-client-config.js'
import { endTransactionHandler, resumeCheckHalfMessageHandler } from './end-transaction.js'
import { getConsumerListHandler } from './get-consumer-list.js'
import { heartbeatHandler } from './heartbeat.js'
import { lockQueuesHandler, unlockQueuesHandler } from './lock-queues.js'
import { pullMessageHandler } from './pull-message.js'
import { queryConsumerOffsetHandler } from './query-consumer-offset.js'
import { recallMessageHandler } from './recall-message.js'
import { sendBackHandler } from './send-back.js'
import { sendMessageHandler } from './send-message.js'
import { sendReplyMessageHandler } from './send-reply-message.js'
import { unregisterClientHandler } from './unregister-client.js'
import { updateConsumerOffsetHandler } from './update-consumer-offset.js'

/** Every request that a broker answers. */
export function brokerHandlers(parts: BrokerParts): Registration[] {
  const send = sendMessageHandler(parts)
  const reply = sendReplyMessageHandler(parts)
  return [
    serve(commands.sendMessage, send),
    serve(commands.sendMessageV2, send),
    serve(commands.sendBatchMessage, send),
    serve(commands.sendReplyMessage, reply),
    serve(commands.sendReplyMessageV2, reply),
    serve(commands.consumerSendMsgBack, sendBackHandler(parts)),
    serve(commands.endTransaction, endTransactionHandler(parts)),
    serve(commands.resumeCheckHalfMessage, resumeCheckHalfMessageHandler(parts)),
    serve(commands.recallMessage, recallMessageHandler(parts)),
    serve(commands.pullMessage, pullMessageHandler(parts, { lite: false })),
    serve(commands.litePullMessage, pullMessageHandler(parts, { lite: true })),
    serve(commands.queryConsumerOffset, queryConsumerOffsetHandler(parts)),
    serve(commands.updateConsumerOffset, updateConsumerOffsetHandler(parts)),
    serve(commands.heartbeat, heartbeatHandler(parts)),
    serve(commands.unregisterClient, unregisterClientHandler(parts)),
    serve(commands.getConsumerListByGroup, getConsumerListHandler(parts)),
    serve(commands.checkClientConfig, checkClientConfigHandler(parts)),
    serve(commands.lockBatchQueues, lockQueuesHandler(parts)),
    serve(commands.unlockBatchQueues, unlockQueuesHandler(parts)),
    ...administrationHandlers(parts),
  ]
}
