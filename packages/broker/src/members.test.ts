import assert from 'node:assert/strict'
import { buildSubscription, type Subscription } from '@aerobee/filter'
import type { NotifyOptions } from '@aerobee/net'
import { type BrokerParts, FakeConnection } from './fakes.test.js'

/** Consumers that are connected, for the tests beside; holds no tests itself. */
export class Member extends FakeConnection {
  /** Of what it was told. */
  readonly bodies: (Uint8Array | undefined)[] = []

  override notify(command: { code: number }, fields: unknown, options?: NotifyOptions): boolean {
    this.bodies.push(options?.body)
    return super.notify(command, fields)
  }
}

export interface MemberOptions {
  clientId?: string
  language?: string
  version?: number
  tags?: string
  /** Instead of one by tags. */
  subscription?: Subscription
}

export function joinGroup(
  parts: Pick<BrokerParts, 'consumers'>,
  group: string,
  topics: readonly string[],
  { clientId = `ip@${group}`, language = 'GO', version = 431, tags = '*', subscription }: MemberOptions = {},
): Member {
  const connection = new Member()
  parts.consumers.register({
    group,
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    connection,
    clientId,
    language,
    version,
    subscriptions: topics.map((topic) => {
      if (subscription) return subscription
      const built = buildSubscription(topic, tags, 'TAG', 7)
      assert.ok(built.ok)
      return built.value
    }),
  })
  return connection
}
