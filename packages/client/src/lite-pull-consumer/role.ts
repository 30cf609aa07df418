import type { ClientInstance } from '../client-instance.js'
import type { RoleEvents } from '../events.js'
import type { OffsetTable } from '../offsets/offset-table.js'
import type { Subscriptions } from '../push-consumer/subscriptions.js'
import type { Role } from '../role.js'
import type { LiteQueue } from './lite-queue.js'
import type { LitePullConsumerOptions, LitePullSettings } from './options.js'
import { runningInfo } from './running-info.js'

/** What brokers get to know of a lite pull consumer, and can ask of it. */
export function liteRole(parts: {
  instance: ClientInstance
  group: string
  events: RoleEvents
  options: LitePullConsumerOptions
  settings: LitePullSettings
  subscriptions: Subscriptions
  offsets: OffsetTable
  topics(): Iterable<string>
  startedAtWallMs(): number
  queues(): readonly LiteQueue[]
  onGroupChange(): void
  close(): Promise<void>
}): Role {
  const { instance, group, settings, subscriptions } = parts
  return {
    events: parts.events,
    consumerGroup: group,
    consumerData: () => ({
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      consumeType: 'CONSUME_ACTIVELY',
      groupName: group,
      messageModel: settings.messageModel,
      subscriptionDataSet: [...subscriptions.values()],
      unitMode: instance.options.unitMode ?? false,
    }),
    topics: parts.topics,
    onGroupChange: parts.onGroupChange,
    offsets: (topic) => parts.offsets.ofTopic(topic),
    runningInfo: () =>
      runningInfo({
        instance,
        options: parts.options,
        settings,
        startedAtWallMs: parts.startedAtWallMs(),
        subscriptions: subscriptions.values(),
        queues: parts.queues(),
      }),
    close: parts.close,
  }
}
