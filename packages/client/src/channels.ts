import { tracingChannel } from 'node:diagnostics_channel'

/**
 * Channels of node:diagnostics_channel that tools subscribe to; they cost nothing while nobody does.
 *
 *   aerobee:remoting:request   { address, command, code }
 *   aerobee:producer:send      { topic, queue, messageId, bodyBytes }
 *   aerobee:consumer:process   { group, topic, queue, messages }
 */
export const channels = {
  remotingRequest: tracingChannel('aerobee:remoting:request'),
  producerSend: tracingChannel('aerobee:producer:send'),
  consumerProcess: tracingChannel('aerobee:consumer:process'),
}
