import { propertyNames } from '@aerobee/wire'
import type { ConsumeContext, ConsumeMessageHook, EndTransactionHook, SendMessageHook } from '../hooks.js'
import type { ReceivedMessage } from '../received-message.js'
import type { SubBeforeRecord } from './trace-records.js'
import type { Tracer } from './tracer.js'

/** Of what no broker gave a region. */
export const defaultRegion = 'DefaultRegion'

/** Tells of sends that were answered, as long as the broker wants to know. */
export function tracedSends(tracer: Tracer): SendMessageHook {
  return {
    after: (context) => {
      const { result } = context
      if (!result?.traceOn || !tracer.traces(context.topic)) return
      tracer.add({
        type: 'Pub',
        timestamp: context.startedAt,
        region: result.regionId,
        group: context.producerGroup,
        topic: context.topic,
        messageId: context.messageId,
        tags: context.tags,
        keys: context.keys,
        storeHost: context.address,
        bodyBytes: context.bodyBytes,
        costMs: Math.round(context.cost ?? 0),
        messageType: context.messageType,
        offsetMessageId: result.offsetMessageId,
        success: result.status === 'SEND_OK',
      })
    },
  }
}

/** Tells how transactions ended. */
export function tracedEnds(tracer: Tracer, wallMs: () => number): EndTransactionHook {
  return {
    end: (context) => {
      if (!tracer.traces(context.topic)) return
      tracer.add({
        type: 'EndTransaction',
        timestamp: wallMs(),
        region: defaultRegion,
        group: context.producerGroup,
        topic: context.topic,
        messageId: context.messageId,
        tags: context.tags,
        keys: context.keys,
        storeHost: context.address,
        messageType: 'Trans_msg_Commit',
        transactionId: context.transactionId,
        state: context.state,
        fromTransactionCheck: context.fromTransactionCheck,
      })
    },
  }
}

/** Tells of messages before and after their listener. */
export function tracedConsumption(tracer: Tracer, wallMs: () => number): ConsumeMessageHook {
  const begun = new WeakMap<ConsumeContext, SubBeforeRecord>()
  return {
    before: (context) => {
      const messages = context.messages.filter(
        (message) => message.property(propertyNames.traceSwitch) !== 'false' && tracer.traces(message.topic),
      )
      if (messages.length === 0) return
      const record: SubBeforeRecord = {
        type: 'SubBefore',
        timestamp: wallMs(),
        region: messages[0]!.property(propertyNames.region) ?? defaultRegion,
        group: context.consumerGroup,
        requestId: tracer.newId(),
        messages: messages.map(traced),
      }
      begun.set(context, record)
      tracer.add(record)
    },
    after: (context) => {
      const before = begun.get(context)
      if (!before) return
      const { timestamp, region, group, requestId, messages } = before
      tracer.add({
        type: 'SubAfter',
        timestamp,
        region,
        group,
        requestId,
        messages,
        costMs: Math.round((context.cost ?? 0) / context.messages.length),
        success: context.success ?? false,
        returnType: context.returnType ?? 'SUCCESS',
      })
    },
  }
}

const traced = (message: ReceivedMessage) => ({
  messageId: message.messageId,
  keys: message.keys.join(' '),
  retryTimes: message.reconsumeTimes,
})
