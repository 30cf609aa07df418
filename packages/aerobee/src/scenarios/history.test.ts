import { isAerobeeError, sleep } from '@aerobee/base'
import type { Producer, ReceivedMessage, SendOptions, SendResult } from '@aerobee/client'
import {
  type CommitEvent,
  type ConsumeEvent,
  checkHistory,
  type Finding,
  type SendEvent,
  type StoredEvent,
} from '@aerobee/testkit'
import { type Scene, topic } from './scene.test.js'

/** What clients did and saw in a scenario, for the oracle; holds no tests itself. */

/** Text that names producer and number, then padding of any length. */
const bodyOf = (producer: string, seq: number, padding: number) => `${producer}#${seq}#${'x'.repeat(padding)}`

/** Codes that say: nothing was stored. */
const refusals: ReadonlySet<number> = new Set([2, 13, 14, 16, 17])

export class History {
  readonly sends: SendEvent[] = []
  readonly consumes: ConsumeEvent[] = []
  readonly stored: StoredEvent[] = []
  readonly commits: CommitEvent[] = []
  readonly #consumed = new Map<string, Set<string>>()

  /** Sends one message and notes what became of it. Resolves with the result or the error. */
  async send(
    producer: Producer,
    name: string,
    seq: number,
    options: { padding?: number; tags?: string; delayLevel?: number; send?: SendOptions } = {},
  ): Promise<SendResult | Error> {
    const body = bodyOf(name, seq, options.padding ?? 0)
    const { tags, delayLevel } = options
    const message = { topic, body, ...(tags !== undefined && { tags }), ...(delayLevel && { delayLevel }) }
    const event: SendEvent = { producer: name, seq, topic, digest: body, outcome: 'unknown' }
    this.sends.push(event)
    try {
      const result = await producer.send(message, options.send)
      if (result.status === 'SEND_OK') {
        event.outcome = 'ok'
        // A delayed message gets its place in the topic later.
        if (!delayLevel) {
          event.queue = `${result.queue.brokerName}:${result.queue.queueId}`
          event.offset = result.queueOffset
        }
      }
      return result
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown
      if (refused(thrown)) event.outcome = 'fail'
      return thrown
    }
  }

  consumed(group: string, message: ReceivedMessage): void {
    const digest = message.text()
    const [producer = '', seq = ''] = digest.split('#')
    const { brokerName, queueId } = message.queue
    this.consumes.push({
      group,
      topic: message.topic,
      // Retries and delayed messages come in an order of their own.
      queue: message.property('DELAY') ? `after a wait: ${producer}#${seq}` : `${brokerName}:${queueId}`,
      offset: message.queueOffset,
      producer,
      seq: Number(seq),
      digest,
    })
    let known = this.#consumed.get(group)
    if (!known) {
      known = new Set()
      this.#consumed.set(group, known)
    }
    known.add(`${producer}#${seq}`)
  }

  get acknowledged(): number {
    return this.sends.filter(({ outcome }) => outcome === 'ok').length
  }

  /** Different messages that a group got. */
  received(group = 'readers'): number {
    return this.#consumed.get(group)?.size ?? 0
  }

  /** Acknowledged messages that a group has not got yet. */
  missing(groups: readonly string[]): number {
    let missing = 0
    for (const group of groups)
      for (const { outcome, producer, seq } of this.sends)
        if (outcome === 'ok' && !this.#consumed.get(group)?.has(`${producer}#${seq}`)) missing++
    return missing
  }

  /** Messages that may be gone, with the places they had. */
  waive(lost: (seq: number) => boolean): void {
    for (const send of this.sends) if (lost(send.seq)) send.outcome = 'unknown'
    const kept = this.consumes.filter(({ seq }) => !lost(seq))
    this.consumes.splice(0, this.consumes.length, ...kept)
  }

  check(groups: readonly string[]): Finding[] {
    const { sends, consumes, stored, commits } = this
    return checkHistory({ sends, consumes, groups, stored, commits })
  }
}

/** Only a single try tells that nothing was stored; one that was repeated may have stored it before. */
const refused = (error: Error): boolean =>
  isAerobeeError(error, 'BROKER_ERROR') && error.cause === undefined && refusals.has(error.responseCode ?? -1)

/** A producer that sends one message after the other until it is stopped. */
export class Load {
  readonly #scene: Scene
  readonly #name: string
  readonly #pauseMs: number
  #seq = 0
  #stopped = false
  #running: Promise<void> | undefined

  readonly #delayLevel: number | undefined

  constructor(scene: Scene, name: string, pauseMs = 60, delayLevel?: number) {
    this.#delayLevel = delayLevel
    this.#scene = scene
    this.#name = name
    this.#pauseMs = pauseMs
  }

  static async start(scene: Scene, name: string, pauseMs?: number, delayLevel?: number): Promise<Load> {
    const load = new Load(scene, name, pauseMs, delayLevel)
    const producer = await scene.producer(name)
    load.#running = load.#run(producer)
    return load
  }

  get sent(): number {
    return this.#seq
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#scene.clock.resolve(this.#running!)
  }

  async #run(producer: Producer): Promise<void> {
    const { history, random, clock } = this.#scene
    while (!this.#stopped) {
      const padding = random.below(400)
      const delayLevel = this.#delayLevel
      await history.send(producer, this.#name, this.#seq++, { padding, ...(delayLevel && { delayLevel }) })
      await sleep(clock, random.below(this.#pauseMs))
    }
  }
}
