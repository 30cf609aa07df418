import { limits, type MonoMs } from '@aerobee/base'
import { type Span, Tally } from './tally.js'

/** What went into a topic, and what groups got from it. */
export class TopicTraffic {
  /** Not one that users made. */
  system: boolean
  readonly put = new Tally()
  readonly queuePuts = new Map<number, Tally>()
  readonly groups = new Map<string, GroupTraffic>()

  constructor(system: boolean) {
    this.system = system
  }
}

/** One group on one topic. */
export class GroupTraffic {
  readonly got = new Tally()
  readonly queueGets = new Map<number, Tally>()
  sentBack: Tally | undefined
}

/** Tallies that are sampled in one go at most, which takes about a millisecond. */
const sampledAtOnce = 4096

interface Sampling {
  readonly span: Span
  readonly topics: Iterator<[string, TopicTraffic]>
}

/**
 * Tallies of topics, queues and groups, found by name without making a key for it. There are at most
 * `limits.statsTallies`, half of them of queues: what comes beyond is counted in places that nobody reads. One that
 * nothing was added to for a day goes.
 */
export class Traffic {
  readonly #isSystem: (topic: string) => boolean
  readonly #topics = new Map<string, TopicTraffic>()
  readonly #capacity: number
  #tallies = 0
  #ofQueues = 0
  #samplings: Sampling[] = []
  readonly #beyondTopic = new TopicTraffic(false)
  readonly #beyondGroup = new GroupTraffic()
  readonly #beyond = new Tally()

  constructor(isSystem: (topic: string) => boolean, capacity: number = limits.statsTallies) {
    this.#isSystem = isSystem
    this.#capacity = capacity
  }

  get tallies(): number {
    return this.#tallies
  }

  find(topic: string): TopicTraffic | undefined {
    return this.#topics.get(topic)
  }

  /** For the hot path: made with the first message. */
  topic(name: string): TopicTraffic {
    return this.#topics.get(name) ?? this.#newTopic(name)
  }

  group(topic: TopicTraffic, name: string): GroupTraffic {
    return topic.groups.get(name) ?? this.#newGroup(topic, name)
  }

  queuePut(topic: TopicTraffic, queueId: number): Tally {
    return topic.queuePuts.get(queueId) ?? this.#newQueue(topic.queuePuts, queueId)
  }

  queueGet(group: GroupTraffic, queueId: number): Tally {
    return group.queueGets.get(queueId) ?? this.#newQueue(group.queueGets, queueId)
  }

  sentBack(group: GroupTraffic): Tally {
    if (group.sentBack !== undefined) return group.sentBack
    if (group === this.#beyondGroup || !this.#admit()) return this.#beyond
    group.sentBack = new Tally()
    return group.sentBack
  }

  /** Of every tally; what is too much for one go is left to goOn. */
  sample(span: Span, nowMs: MonoMs): void {
    this.#samplings.push({ span, topics: this.#topics.entries() })
    this.goOn(nowMs)
  }

  /** With samples that were begun; once a second. */
  goOn(nowMs: MonoMs): void {
    let left = sampledAtOnce
    for (let sampling = this.#samplings[0]; sampling && left > 0; sampling = this.#samplings[0]) {
      const next = sampling.topics.next()
      if (next.done) {
        this.#samplings.shift()
        if (sampling.span === 'day') this.#recount()
        continue
      }
      const [name, topic] = next.value
      left -= sampleTopic(topic, sampling.span, nowMs)
      if (sampling.span === 'day') this.#dropIdle(name, topic)
    }
  }

  deleteTopic(topic: string): void {
    if (this.#topics.delete(topic)) this.#recount()
  }

  deleteGroup(group: string): void {
    for (const topic of this.#topics.values()) topic.groups.delete(group)
    this.#recount()
  }

  #newTopic(name: string): TopicTraffic {
    const system = this.#isSystem(name)
    if (!this.#admit()) {
      this.#beyondTopic.system = system
      return this.#beyondTopic
    }
    const topic = new TopicTraffic(system)
    this.#topics.set(name, topic)
    return topic
  }

  #newGroup(topic: TopicTraffic, name: string): GroupTraffic {
    if (topic === this.#beyondTopic || !this.#admit()) return this.#beyondGroup
    const group = new GroupTraffic()
    topic.groups.set(name, group)
    return group
  }

  #newQueue(queues: Map<number, Tally>, queueId: number): Tally {
    const unseen = queues === this.#beyondTopic.queuePuts || queues === this.#beyondGroup.queueGets
    if (unseen || this.#ofQueues * 2 >= this.#capacity || !this.#admit()) return this.#beyond
    this.#ofQueues += 1
    const tally = new Tally()
    queues.set(queueId, tally)
    return tally
  }

  #admit(): boolean {
    if (this.#tallies >= this.#capacity) return false
    this.#tallies += 1
    return true
  }

  #dropIdle(name: string, topic: TopicTraffic): void {
    dropIdleQueues(topic.queuePuts)
    for (const [groupName, group] of topic.groups) {
      dropIdleQueues(group.queueGets)
      if (group.sentBack?.idle) group.sentBack = undefined
      if (group.got.idle && group.sentBack === undefined) topic.groups.delete(groupName)
    }
    if (topic.put.idle && topic.groups.size === 0) this.#topics.delete(name)
  }

  #recount(): void {
    this.#tallies = 0
    this.#ofQueues = 0
    for (const topic of this.#topics.values()) {
      this.#tallies += 1
      this.#ofQueues += topic.queuePuts.size
      for (const group of topic.groups.values()) {
        this.#tallies += group.sentBack === undefined ? 1 : 2
        this.#ofQueues += group.queueGets.size
      }
    }
    this.#tallies += this.#ofQueues
  }
}

/** Returns how many tallies that were. */
function sampleTopic(topic: TopicTraffic, span: Span, nowMs: MonoMs): number {
  topic.put.sample(span, nowMs)
  let count = 1 + sampleQueues(topic.queuePuts, span, nowMs)
  for (const group of topic.groups.values()) {
    group.got.sample(span, nowMs)
    group.sentBack?.sample(span, nowMs)
    count += 1 + sampleQueues(group.queueGets, span, nowMs)
  }
  return count
}

function sampleQueues(queues: ReadonlyMap<number, Tally>, span: Span, nowMs: MonoMs): number {
  for (const tally of queues.values()) tally.sample(span, nowMs)
  return queues.size
}

function dropIdleQueues(queues: Map<number, Tally>): void {
  for (const [queueId, tally] of queues) if (tally.idle) queues.delete(queueId)
}
