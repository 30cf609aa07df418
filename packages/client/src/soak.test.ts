import assert from 'node:assert/strict'
import test from 'node:test'
import { type Random, seededRandom } from '@aerobee/base'
import { FakeCluster } from './fake-cluster.test.js'
import { PushConsumer } from './push-consumer/push-consumer.js'

interface Member {
  consumer: PushConsumer
  host: string
}

/** Members that come, go, are cut off and lose their broker, while messages keep coming. */
class Soak {
  readonly cluster: FakeCluster
  readonly random: Random
  readonly orderly: boolean
  readonly members: Member[] = []
  readonly seen = new Map<string, number>()
  readonly findings: string[] = []
  readonly #atWork = new Map<string, number>()
  readonly #last = new Map<string, number>()
  sent = 0

  constructor(cluster: FakeCluster, random: Random, orderly: boolean) {
    this.cluster = cluster
    this.random = random
    this.orderly = orderly
  }

  async join(): Promise<void> {
    const options = this.cluster.options()
    const consumer = this.cluster.use(
      new PushConsumer({
        ...options,
        consumerGroup: 'g',
        from: 'earliest',
        awaitTerminationMillisWhenShutdown: 1000,
      }),
    )
    consumer.subscribe('T')
    const listen = (message: {
      queue: { brokerName: string; queueId: number }
      queueOffset: number
      text(): string
    }) => this.#listen(message)
    this.members.push({ consumer, host: options.host })
    await this.cluster.clock.resolve(this.orderly ? consumer.runOrderly(listen) : consumer.run(listen))
  }

  async leave(): Promise<void> {
    const [member] = this.members.splice(this.random.below(this.members.length), 1)
    if (member) await this.cluster.clock.resolve(member.consumer.close())
  }

  send(): void {
    for (const broker of this.cluster.brokers)
      if (broker.running)
        for (let i = 0; i < 5; i++)
          broker.put({ topic: 'T', queueId: this.random.below(4), body: `m${this.sent++}` })
  }

  async #listen(message: {
    queue: { brokerName: string; queueId: number }
    queueOffset: number
    text(): string
  }) {
    const key = `${message.queue.brokerName}:${message.queue.queueId}`
    const body = message.text()
    if (this.orderly) {
      const atWork = (this.#atWork.get(key) ?? 0) + 1
      this.#atWork.set(key, atWork)
      if (atWork > 1) this.findings.push(`two at once on ${key}`)
      const last = this.#last.get(key) ?? -1
      if (message.queueOffset > last + 1)
        this.findings.push(`${key} jumped from ${last} to ${message.queueOffset}`)
      this.#last.set(key, message.queueOffset)
    }
    const pauseMs = this.random.below(40)
    await new Promise<void>((resolve) => void this.cluster.clock.after(pauseMs, resolve))
    this.seen.set(body, (this.seen.get(body) ?? 0) + 1)
    this.#atWork.set(key, (this.#atWork.get(key) ?? 1) - 1)
  }
}

async function run(seed: number, orderly: boolean, brokersRestart: boolean): Promise<Soak> {
  const cluster = await FakeCluster.start(2)
  cluster.createTopic('T', 4)
  const random = seededRandom(seed)
  const soak = new Soak(cluster, random, orderly)
  await soak.join()
  for (let step = 0; step < 25; step++) {
    soak.send()
    const choice = random.below(10)
    if (choice < 3 && soak.members.length < 6) await soak.join()
    else if (choice < 5 && soak.members.length > 1) await soak.leave()
    else if (choice < 6 && brokersRestart) {
      const broker = cluster.brokers[random.below(2)]!
      await cluster.clock.resolve(broker.stop())
      await cluster.pass(random.below(4000))
      await broker.start()
    } else if (choice < 7 && !orderly) {
      const { host } = soak.members[random.below(soak.members.length)]!
      const broker = cluster.brokers[random.below(2)]!
      cluster.network.reset(host, broker.host)
    } else if (choice < 8) {
      await cluster.clock.resolve(cluster.stopNameServer())
      await cluster.pass(random.below(3000))
      await cluster.startNameServer()
    }
    await cluster.pass(500 + random.below(4000))
  }
  await cluster.pass(90_000)
  return soak
}

for (const orderly of [false, true])
  test(`nothing is lost while ${orderly ? 'orderly ' : ''}members, brokers and name servers come and go`, async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const soak = await run(seed, orderly, true)
      assert.deepEqual(lostOf(soak), [], `seed ${seed}`)
      const jumps = soak.findings.filter((finding) => finding.includes('jumped'))
      assert.deepEqual(jumps, [], `seed ${seed}`)
      await soak.cluster.close()
    }
  })

test('no queue is with two orderly members at once while the brokers keep their locks', async () => {
  for (let seed = 11; seed <= 14; seed++) {
    const soak = await run(seed, true, false)
    assert.deepEqual(soak.findings, [], `seed ${seed}`)
    assert.deepEqual(lostOf(soak), [], `seed ${seed}`)
    await soak.cluster.close()
  }
})

function lostOf({ sent, seen }: Soak): string[] {
  return Array.from({ length: sent }, (_, i) => `m${i}`).filter((body) => !seen.has(body))
}
