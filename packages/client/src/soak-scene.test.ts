import assert from 'node:assert/strict'
import { type Random, seededRandom, silentLogger } from '@aerobee/base'
import { type CommitEvent, type ConsumeEvent, checkHistory, type SendEvent } from '@aerobee/testkit'
import type { FakeBroker } from './fake-broker.test.js'
import { FakeCluster } from './fake-cluster.test.js'
import { Producer } from './producer/producer.js'
import { PushConsumer } from './push-consumer/push-consumer.js'
import type { ReceivedMessage } from './received-message.js'

export interface SoakPlan {
  seed: number
  /** Most members at one time. */
  members: number
  /** Virtual time with faults. */
  minutes: number
  /** Most time between two faults. */
  mostPauseMs: number
  orderly: boolean
  /** Whether brokers restart, and forget the locks that they gave. */
  brokersRestart: boolean
}

interface Member {
  consumer: PushConsumer
  host: string
}

const topic = 'T'
const group = 'g'
const queuesPerBroker = 16
const nameServerHost = '10.0.0.9'
/** A broker forgets a silent client after so long. */
const forgottenMs = 130_000

/**
 * Members that come, leave, die and are cut off, brokers and a name server that restart, while producers send; holds no tests
 * itself. What happened is judged by the oracle (testkit: history) and by what only looking on can tell.
 */
export class Soak {
  readonly plan: SoakPlan
  readonly cluster: FakeCluster
  readonly random: Random
  readonly findings: string[] = []
  readonly happened: Record<string, number> = {}
  readonly #members: Member[] = []
  readonly #closing = new Set<Promise<void>>()
  readonly #sends: SendEvent[] = []
  readonly #consumes: ConsumeEvent[] = []
  readonly #commits: CommitEvent[] = []
  /** Offset per queue beyond which an orderly listener must not jump. */
  readonly #next = new Map<string, number>()
  readonly #atWork = new Map<string, number>()
  /** Until when offsets may come from members that do not know yet that they lost their queues. */
  #staleUntilMs = 0
  #producers: Producer[] = []
  #sending = true

  private constructor(plan: SoakPlan, cluster: FakeCluster) {
    this.plan = plan
    this.cluster = cluster
    this.random = seededRandom(plan.seed)
  }

  /** The whole run: faults, calm, and the oracle. Rejects with what was found, and how to see it again. */
  static async run(plan: SoakPlan): Promise<Soak> {
    const cluster = await FakeCluster.start(2)
    cluster.createTopic(topic, queuesPerBroker)
    const soak = new Soak(plan, cluster)
    for (const broker of cluster.brokers) {
      broker.keepsRequests = false
      broker.onCommit = (commit) => soak.#committed(broker, commit)
    }
    await soak.#live()
    soak.#judge()
    await cluster.close()
    assert.deepEqual(soak.findings, [], `seed ${plan.seed}, ${JSON.stringify(plan)}`)
    return soak
  }

  get consumed(): number {
    return this.#consumes.length
  }

  async #live(): Promise<void> {
    const { cluster, plan } = this
    for (const name of ['p0', 'p1']) await this.#startProducer(name)
    for (let i = 0; i < plan.members; i++) await this.#join()
    const untilMs = cluster.clock.monoMs() + plan.minutes * 60_000
    while (cluster.clock.monoMs() < untilMs) {
      await this.#event()
      await cluster.pass(1000 + this.random.below(plan.mostPauseMs))
    }
    for (const { host } of this.#members) this.#heal(host)
    await this.#progress()
    this.#sending = false
    // Retries, locks and clients that are gone: everything is done with by then.
    await cluster.pass(forgottenMs + 60_000)
    for (const { consumer } of this.#members) await cluster.clock.resolve(consumer.close())
    for (const closing of this.#closing) await cluster.clock.resolve(closing)
    for (const producer of this.#producers) await cluster.clock.resolve(producer.close())
  }

  async #event(): Promise<void> {
    const { cluster, plan, random } = this
    const choice = random.below(20)
    const count = this.#members.length
    if (choice < 6) {
      if (count < plan.members) await this.#join()
    } else if (choice < 10) {
      if (count > 1) await this.#leave()
    } else if (choice < 12) {
      if (count > 1) this.#die()
    } else if (choice < 15) this.#cutOff()
    else if (choice < 17) this.#reset()
    else if (choice < 19) {
      if (plan.brokersRestart) await this.#restartBroker()
    } else {
      this.#note('name server restart')
      await cluster.clock.resolve(cluster.stopNameServer())
      await cluster.pass(random.below(60_000))
      await cluster.startNameServer()
    }
  }

  async #join(): Promise<void> {
    this.#note('join')
    const options = this.cluster.options({ logger: silentLogger })
    const consumer = new PushConsumer({
      ...options,
      consumerGroup: group,
      from: 'earliest',
      awaitTerminationMillisWhenShutdown: 1000,
    }).subscribe(topic)
    this.#members.push({ consumer, host: options.host })
    const listen = (message: ReceivedMessage) => this.#listen(message)
    await this.cluster.clock.resolve(this.plan.orderly ? consumer.runOrderly(listen) : consumer.run(listen))
  }

  async #leave(): Promise<void> {
    this.#note('leave')
    const { consumer } = this.#take()
    await this.cluster.clock.resolve(consumer.close())
  }

  /** The machine is gone without a word: brokers find out by themselves. */
  #die(): void {
    this.#note('death')
    const { consumer, host } = this.#take()
    this.#cut(host)
    this.#stale(forgottenMs)
    const closing = consumer.close()
    closing.finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  #cutOff(): void {
    this.#note('cut')
    const { host } = this.#any()
    const servers = this.#servers()
    const server = servers[this.random.below(servers.length)]!
    const oneWay = this.random.below(2) === 0
    const lasts = 1000 + this.random.below(150_000)
    this.cluster.network.cut(host, server)
    if (!oneWay) this.cluster.network.cut(server, host)
    this.#stale(lasts + forgottenMs)
    this.cluster.clock.after(lasts, () => {
      this.cluster.network.heal(host, server)
      this.cluster.network.heal(server, host)
    })
  }

  #reset(): void {
    this.#note('reset')
    const { host } = this.#any()
    const broker = this.#broker()
    this.#stale(forgottenMs)
    this.cluster.network.reset(host, broker.host)
  }

  async #restartBroker(): Promise<void> {
    this.#note('broker restart')
    const broker = this.#broker()
    this.#stale(60_000 + forgottenMs)
    await this.cluster.clock.resolve(broker.stop())
    await this.cluster.pass(this.random.below(60_000))
    await broker.start()
  }

  /** O8: 30 s after the last fault something new is sent and consumed. */
  async #progress(): Promise<void> {
    const { sends, consumed } = { sends: this.#sends.length, consumed: this.#consumes.length }
    if (this.#members.length === 0) await this.#join()
    await this.cluster.pass(30_000)
    const acknowledged = this.#sends.slice(sends).filter(({ outcome }) => outcome === 'ok').length
    if (acknowledged === 0) this.findings.push('O8: nothing new was sent within 30 s')
    if (this.#consumes.length === consumed) this.findings.push('O8: nothing new was consumed within 30 s')
  }

  #judge(): void {
    const findings = checkHistory({
      sends: this.#sends,
      consumes: this.#consumes,
      groups: [group],
      commits: this.#commits,
    })
    this.findings.push(...findings.map(({ rule, text }) => `${rule}: ${text}`))
  }

  async #startProducer(name: string): Promise<void> {
    const { cluster } = this
    const producer = new Producer({ ...cluster.options({ logger: silentLogger }), producerGroup: name })
    this.#producers.push(producer)
    await cluster.clock.resolve(producer.start())
    let seq = 0
    const send = () => {
      if (!this.#sending) return
      void this.#send(producer, name, seq++).then(() =>
        cluster.clock.after(500 + this.random.below(2000), send),
      )
    }
    send()
  }

  async #send(producer: Producer, name: string, seq: number): Promise<void> {
    const body = `${name}#${seq}`
    const event: SendEvent = { producer: name, seq, topic, digest: body, outcome: 'unknown' }
    this.#sends.push(event)
    try {
      const { queue, queueOffset } = await producer.send({ topic, body, shardingKey: `${name}${seq % 20}` })
      Object.assign(event, { outcome: 'ok', queue: placeOf(queue), offset: queueOffset })
    } catch {
      // A broker that is away may have stored it, or not.
    }
  }

  async #listen(message: ReceivedMessage): Promise<void> {
    const queue = placeOf(message.queue)
    const digest = message.text()
    const [producer, seq] = digest.split('#') as [string, string]
    if (this.plan.orderly) this.#checkOrder(queue, message.queueOffset)
    await new Promise<void>((resolve) => void this.cluster.clock.after(this.random.below(40), resolve))
    this.#atWork.set(queue, (this.#atWork.get(queue) ?? 1) - 1)
    const { queueOffset: offset } = message
    this.#consumes.push({ group, topic, queue, offset, producer, seq: Number(seq), digest })
  }

  #checkOrder(queue: string, offset: number): void {
    const atWork = (this.#atWork.get(queue) ?? 0) + 1
    this.#atWork.set(queue, atWork)
    if (atWork > 1 && !this.plan.brokersRestart) this.findings.push(`two at once on ${queue} at ${offset}`)
    const next = this.#next.get(queue) ?? 0
    if (offset > next) this.findings.push(`${queue} jumped from ${next} to ${offset}`)
    this.#next.set(queue, Math.max(next, offset + 1))
  }

  #committed(broker: FakeBroker, commit: { topic: string; queueId: number; offset: number }): void {
    if (commit.topic !== topic) return
    const queue = `${broker.name}:${commit.queueId}`
    const maxOffset = broker.queues.max(topic, commit.queueId)
    // A member that was cut off saves what it knows before it learns that the queue is another's.
    const reset = this.cluster.clock.monoMs() < this.#staleUntilMs
    this.#commits.push({ group, topic, queue, offset: commit.offset, maxOffset, ...(reset && { reset }) })
  }

  #cut(host: string): void {
    for (const server of this.#servers()) {
      this.cluster.network.cut(host, server)
      this.cluster.network.cut(server, host)
    }
  }

  #heal(host: string): void {
    for (const server of this.#servers()) {
      this.cluster.network.heal(host, server)
      this.cluster.network.heal(server, host)
    }
  }

  #servers(): string[] {
    return [nameServerHost, ...this.cluster.brokers.map(({ host }) => host)]
  }

  #stale(forMs: number): void {
    this.#staleUntilMs = Math.max(this.#staleUntilMs, this.cluster.clock.monoMs() + forMs)
  }

  #any(): Member {
    return this.#members[this.random.below(this.#members.length)]!
  }

  #take(): Member {
    return this.#members.splice(this.random.below(this.#members.length), 1)[0]!
  }

  #broker(): FakeBroker {
    return this.cluster.brokers[this.random.below(this.cluster.brokers.length)]!
  }

  #note(what: string): void {
    this.happened[what] = (this.happened[what] ?? 0) + 1
  }
}

const placeOf = (queue: { brokerName: string; queueId: number }): string =>
  `${queue.brokerName}:${queue.queueId}`
