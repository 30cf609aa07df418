import { AerobeeError, asBuffer, type Clock, isAerobeeError, type MonoMs } from '@aerobee/base'
import { bodies, commands, responseCodes } from '@aerobee/wire'
import type { NameServers } from './name-servers.js'
import { routeOfNewTopic, sameRoute, type TopicRoute, topicRoute } from './route.js'

/** Topic whose brokers create unknown topics. */
export const defaultTopic = 'TBW102'

const refreshesAtOnce = 8

export interface RouteTableOptions {
  nameServers: NameServers
  clock: Clock
  timeoutMs: number
  /** Topics whose route differs from the one before. */
  onChange(topic: string): void
}

/** Routes by topic, asked for when first needed and again by refresh(). */
export class RouteTable {
  readonly #options: RouteTableOptions
  readonly #routes = new Map<string, TopicRoute>()
  /** What the name server said last, as it came: mostly it says the same again. */
  readonly #bodies = new Map<string, Uint8Array>()
  #brokers: Map<string, Map<number, string>> | undefined
  readonly #asking = new Map<string, Promise<TopicRoute | undefined>>()
  readonly #askedAt = new Map<string, MonoMs>()

  constructor(options: RouteTableOptions) {
    this.#options = options
  }

  known(topic: string): TopicRoute | undefined {
    return this.#routes.get(topic)
  }

  /** A route by which the topic can be read. */
  knownForReading(topic: string): TopicRoute | undefined {
    const route = this.#routes.get(topic)
    return route?.provisional ? undefined : route
  }

  /** Addresses of every broker in any route: name -> id -> advertised address. */
  brokers(): ReadonlyMap<string, ReadonlyMap<number, string>> {
    if (this.#brokers) return this.#brokers
    const all = new Map<string, Map<number, string>>()
    for (const route of this.#routes.values())
      for (const [name, addresses] of route.brokers)
        all.set(name, new Map([...(all.get(name) ?? []), ...addresses]))
    this.#brokers = all
    return all
  }

  /** Any topic that the broker has. */
  topicOf(brokerName: string): string | undefined {
    for (const [topic, route] of this.#routes) if (route.brokers.has(brokerName)) return topic
    return undefined
  }

  /** The route to send by; a topic nobody knows is sent to the brokers that create topics. Rejects with NO_ROUTE. */
  async forSending(topic: string, queueNums: number, creating = defaultTopic): Promise<TopicRoute> {
    const known = this.#routes.get(topic)
    if (known && known.publishQueues.length > 0) return known
    const asked = await this.refresh(topic)
    if (asked && asked.publishQueues.length > 0) return asked
    const body = await this.#ask(creating)
    if (body) {
      const route = routeOfNewTopic(topic, read(creating, body), queueNums)
      if (route.publishQueues.length > 0) {
        this.#bodies.delete(topic)
        this.#take(topic, route)
        return route
      }
    }
    throw this.noRoute(topic)
  }

  /** Asks the name server; undefined when it does not know the topic. One question per topic at a time. */
  refresh(topic: string): Promise<TopicRoute | undefined> {
    let asking = this.#asking.get(topic)
    if (!asking) {
      this.#askedAt.set(topic, this.#options.clock.monoMs())
      asking = this.#refresh(topic).finally(() => this.#asking.delete(topic))
      this.#asking.set(topic, asking)
    }
    return asking
  }

  /** Asks unless that was done within the last `ms`. */
  async refreshUnlessAsked(topic: string, ms: number): Promise<void> {
    const askedAt = this.#askedAt.get(topic)
    if (askedAt === undefined || this.#options.clock.monoMs() - askedAt >= ms) await this.refresh(topic)
  }

  /** Several, a few at a time. Rejects with the first failure when no name server answers, and asks no further. */
  async refreshAll(topics: Iterable<string>): Promise<void> {
    const waiting = [...topics]
    const next = async () => {
      for (let topic = waiting.pop(); topic !== undefined; topic = waiting.pop())
        try {
          await this.refresh(topic)
        } catch (thrown) {
          if (isAerobeeError(thrown, 'NAME_SERVER_ERROR') || isAerobeeError(thrown, 'MALFORMED')) continue
          waiting.length = 0
          throw thrown
        }
    }
    await Promise.all(Array.from({ length: Math.min(refreshesAtOnce, waiting.length) }, next))
  }

  async #refresh(topic: string): Promise<TopicRoute | undefined> {
    const body = await this.#ask(topic)
    if (!body) return undefined
    const known = this.#bodies.get(topic)
    if (known && asBuffer(known).equals(body)) return this.#routes.get(topic)
    const route = topicRoute(topic, read(topic, body))
    this.#bodies.set(topic, Uint8Array.from(body))
    this.#take(topic, route)
    return route
  }

  #take(topic: string, route: TopicRoute): void {
    const before = this.#routes.get(topic)
    this.#routes.delete(topic)
    this.#routes.set(topic, route)
    this.#brokers = undefined
    if (!before || !sameRoute(before, route)) this.#options.onChange(topic)
  }

  async #ask(topic: string): Promise<Uint8Array | undefined> {
    const { nameServers, timeoutMs } = this.#options
    const answer = await nameServers.call(
      commands.getRouteInfoByTopic,
      { topic, acceptStandardJsonOnly: true },
      { timeoutMs },
    )
    if (answer.code === responseCodes.TOPIC_NOT_EXIST) return undefined
    if (answer.code !== responseCodes.SUCCESS)
      throw new AerobeeError(
        'NAME_SERVER_ERROR',
        `The name server at ${nameServers.addresses.join(', ')} answered ${answer.code} for topic ${topic}: ${answer.remark}. Is it one?`,
        {
          retryable: true,
          responseCode: answer.code,
          address: nameServers.addresses.join(';'),
        },
      )
    return answer.body
  }

  /** What to throw for a topic that the name servers do not know. */
  noRoute(topic: string): AerobeeError {
    const asked = this.#options.nameServers.addresses.join(', ')
    return new AerobeeError(
      'NO_ROUTE',
      `No route info of this topic: ${topic}. Name server ${asked} knows none: create it (mqadmin updateTopic -t ${topic}), or set autoCreateTopicEnable=true on a broker that is registered there.`,
      { retryable: true, responseCode: responseCodes.TOPIC_NOT_EXIST },
    )
  }
}

function read(topic: string, body: Uint8Array): bodies.TopicRouteData {
  const data = bodies.topicRouteData.decode(body)
  if (!data.ok)
    throw new AerobeeError('MALFORMED', `The route of topic ${topic} is not readable: ${data.reason}`)
  return data.value
}
