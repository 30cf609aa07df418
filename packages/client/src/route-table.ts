import { AerobeeError } from '@aerobee/base'
import { bodies, commands, responseCodes } from '@aerobee/wire'
import type { NameServers } from './name-servers.js'
import { routeOfNewTopic, sameRoute, type TopicRoute, topicRoute } from './route.js'

/** Topic whose brokers create unknown topics. */
export const defaultTopic = 'TBW102'

export interface RouteTableOptions {
  nameServers: NameServers
  timeoutMs: number
  /** Topics whose route differs from the one before. */
  onChange(topic: string): void
}

/** Routes by topic, asked for when first needed and again by refresh(). */
export class RouteTable {
  readonly #options: RouteTableOptions
  readonly #routes = new Map<string, TopicRoute>()
  readonly #asking = new Map<string, Promise<TopicRoute | undefined>>()

  constructor(options: RouteTableOptions) {
    this.#options = options
  }

  known(topic: string): TopicRoute | undefined {
    return this.#routes.get(topic)
  }

  topics(): Iterable<string> {
    return this.#routes.keys()
  }

  /** Addresses of every broker in any route: name -> id -> advertised address. */
  brokers(): Map<string, Map<number, string>> {
    const all = new Map<string, Map<number, string>>()
    for (const route of this.#routes.values())
      for (const [name, addresses] of route.brokers)
        all.set(name, new Map([...(all.get(name) ?? []), ...addresses]))
    return all
  }

  /** The route to send by; a topic nobody knows is sent to the brokers that create topics. Rejects with NO_ROUTE. */
  async forSending(topic: string, queueNums: number): Promise<TopicRoute> {
    const known = this.#routes.get(topic)
    if (known && known.publishQueues.length > 0) return known
    const asked = await this.refresh(topic)
    if (asked && asked.publishQueues.length > 0) return asked
    const creating = await this.#ask(defaultTopic)
    if (creating) {
      const route = routeOfNewTopic(topic, creating, queueNums)
      if (route.publishQueues.length > 0) {
        this.#take(topic, route)
        return route
      }
    }
    throw this.#noRoute(topic)
  }

  /** Asks the name server; undefined when it does not know the topic. One question per topic at a time. */
  refresh(topic: string): Promise<TopicRoute | undefined> {
    let asking = this.#asking.get(topic)
    if (!asking) {
      asking = this.#refresh(topic).finally(() => this.#asking.delete(topic))
      this.#asking.set(topic, asking)
    }
    return asking
  }

  /** Forgets a topic, so that the next use asks anew. */
  forget(topic: string): void {
    this.#routes.delete(topic)
  }

  async #refresh(topic: string): Promise<TopicRoute | undefined> {
    const data = await this.#ask(topic)
    if (!data) return undefined
    const route = topicRoute(topic, data)
    this.#take(topic, route)
    return route
  }

  #take(topic: string, route: TopicRoute): void {
    const before = this.#routes.get(topic)
    this.#routes.set(topic, route)
    if (!before || !sameRoute(before, route)) this.#options.onChange(topic)
  }

  async #ask(topic: string): Promise<bodies.TopicRouteData | undefined> {
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
        `The name server answered ${answer.code} for topic ${topic}: ${answer.remark}`,
        {
          retryable: true,
          responseCode: answer.code,
        },
      )
    const data = bodies.topicRouteData.decode(answer.body)
    if (!data.ok)
      throw new AerobeeError('MALFORMED', `The route of topic ${topic} is not readable: ${data.reason}`)
    return data.value
  }

  #noRoute(topic: string): AerobeeError {
    const asked = this.#options.nameServers.addresses.join(', ')
    return new AerobeeError(
      'NO_ROUTE',
      `Topic ${topic} has no route at name server ${asked}: create it (mqadmin updateTopic -t ${topic}), or set autoCreateTopicEnable=true on a broker that is registered there.`,
      { retryable: true, responseCode: responseCodes.TOPIC_NOT_EXIST },
    )
  }
}
