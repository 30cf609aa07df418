import assert from 'node:assert/strict'
import { sleep } from '@aerobee/base'
import type { ReceivedMessage } from '@aerobee/client'
import { Load } from './history.test.js'
import { type Scene, story } from './scene.test.js'

/** Messages of a queue one after another, while the broker dies and starts again and members of the group come and go. */

/** What each member is at work on, and how far each queue has come. */
class Queues {
  readonly #scene: Scene
  readonly #ends = new Map<number, number>()
  readonly #atWork = new Set<string>()

  constructor(scene: Scene) {
    this.#scene = scene
  }

  listener(member: string) {
    return async (message: ReceivedMessage) => {
      const { queue, queueOffset } = message
      const end = this.#endOf(queue.queueId)
      const what = `${member} got ${queueOffset} of queue ${queue.queueId}`
      assert.ok(queueOffset <= end, `${what}, where ${end} was next\n${this.#scene.tell()}`)
      const work = `${member} ${queue.queueId}`
      assert.ok(!this.#atWork.has(work), `${what} while it was at work on another\n${this.#scene.tell()}`)
      this.#atWork.add(work)
      await sleep(this.#scene.clock, this.#scene.random.below(20))
      this.#atWork.delete(work)
      // Now and then once more, before any other.
      if (this.#scene.random.below(20) === 0) throw new Error('not yet')
      // While the broker was away another member may have been at work on the queue, too.
      this.#ends.set(queue.queueId, Math.max(this.#endOf(queue.queueId), queueOffset + 1))
    }
  }

  #endOf(queueId: number): number {
    return this.#ends.get(queueId) ?? 0
  }
}

async function lives(scene: Scene, powerCut: boolean): Promise<void> {
  const { clock, history, random } = scene
  const queues = new Queues(scene)
  const faults: unknown[] = []
  const listen = (member: string) => {
    const listener = queues.listener(member)
    return (message: ReceivedMessage) =>
      listener(message).catch((thrown) => {
        if (thrown instanceof assert.AssertionError) faults.push(thrown)
        throw thrown
      })
  }
  const load = await Load.start(scene, 'p', 100)
  await clock.advance(300)
  const options = { orderly: true, suspendCurrentQueueTimeMillis: 100 }
  for (const member of ['c1', 'c2']) await scene.consumer(member, options, listen(member))
  for (let life = 1; life <= 2; life++) {
    await clock.advance(1000 + random.below(3000))
    if (life === 2) scene.killClient('c1')
    scene.disk.killAfterStep(scene.disk.steps + 1 + random.below(40), random.below(2) === 0)
    await clock.runUntil(() => scene.disk.killed, 30_000)
    await clock.advance(random.below(3000))
    await scene.restart({ powerCut })
    await clock.advance(3500)
  }
  await scene.consumer('c3', options, listen('c3'))
  await clock.advance(3000)
  await load.stop()
  await scene.settle()
  assert.deepEqual(faults, [])
  assert.ok(history.acknowledged > 20)
}

const seeds = 20

story('killed at any write: orderly consumers pass over nothing', { seeds }, (scene) => lives(scene, false))

story(
  'power cut with synchronous flush: orderly consumers pass over nothing',
  { seeds, brokerConfig: { flushDiskType: 'SYNC_FLUSH' } },
  (scene) => lives(scene, true),
)
