import assert from 'node:assert/strict'
import type { Clock } from '@aerobee/base'
import { type Reply, success } from '@aerobee/net'
import { bodies } from '@aerobee/wire'

const lockMs = 60_000

/** Queue locks of a stand-in broker, by `group@topic@queueId`; each lives for a minute. */
export class FakeLocks extends Map<string, { clientId: string; untilMs: number }> {
  readonly #clock: Clock

  constructor(clock: Clock) {
    super()
    this.#clock = clock
  }

  lock(body: Uint8Array): Reply {
    const { clientId, consumerGroup, mqSet } = read(body)
    const now = this.#clock.monoMs()
    const lockOKMQSet = mqSet.filter((queue) => {
      const key = `${consumerGroup}@${queue.topic}@${queue.queueId}`
      const held = this.get(key)
      if (held && held.clientId !== clientId && held.untilMs > now) return false
      this.set(key, { clientId, untilMs: now + lockMs })
      return true
    })
    return success(null, bodies.lockBatchResponse.encode({ lockOKMQSet }))
  }

  unlock(body: Uint8Array): Reply {
    const { clientId, consumerGroup, mqSet } = read(body)
    for (const queue of mqSet) {
      const key = `${consumerGroup}@${queue.topic}@${queue.queueId}`
      if (this.get(key)?.clientId === clientId) this.delete(key)
    }
    return success()
  }
}

function read(body: Uint8Array): bodies.LockBatchRequest {
  const asked = bodies.lockBatchRequest.decode(body)
  assert.ok(asked.ok)
  return asked.value
}
