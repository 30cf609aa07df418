import { AerobeeError } from '@aerobee/base'
import type { ClientOptions } from './options.js'
import { type MessageQueue, queueKey } from './route.js'
import type { RouteTable } from './route-table.js'
import { isLogical } from './static-topic.js'

type AddressOptions = Pick<ClientOptions, 'addressMap' | 'rewriteBrokerAddress' | 'vipChannelEnabled'>

/** Where to dial: masters and replicas of queues, with what the user says about addresses. */
export class BrokerAddresses {
  readonly #routes: RouteTable
  /** What to dial for an address that a broker advertises. */
  readonly dialled: (advertised: string) => string
  /** The same for what goes by the VIP channel, when there is one (reference: client-behaviour 1.5). */
  readonly #vip: (advertised: string) => string

  constructor(routes: RouteTable, options: AddressOptions) {
    const { addressMap, rewriteBrokerAddress, vipChannelEnabled } = options
    this.#routes = routes
    const mapped = (advertised: string) => addressMap?.[advertised] ?? rewriteBrokerAddress?.(advertised)
    this.dialled = (advertised) => mapped(advertised) ?? advertised
    this.#vip = vipChannelEnabled
      ? (advertised) => mapped(vipAddress(advertised)) ?? vipAddress(this.dialled(advertised))
      : this.dialled
  }

  /** Name of the broker that has the queue; of a static topic's queue it is not the queue's own. */
  brokerOf(queue: MessageQueue): string {
    if (!isLogical(queue.brokerName)) return queue.brokerName
    return this.#routes.known(queue.topic)?.endpoints?.get(queueKey(queue)) ?? queue.brokerName
  }

  /** By the VIP channel, when there is one: where the broker's master is, when a route is known that has it. */
  knownMaster(queue: MessageQueue): string | undefined {
    const master = this.#routes.known(queue.topic)?.brokers.get(this.brokerOf(queue))?.get(0)
    return master === undefined ? undefined : this.#vip(master)
  }

  /** The same, with a look into other routes and a question to the name server. Rejects with NO_ROUTE. */
  async master(queue: MessageQueue): Promise<string> {
    const known = this.knownMaster(queue) ?? this.#masterOf(this.brokerOf(queue), this.#vip)
    if (known !== undefined) return known
    await this.#routes.refresh(queue.topic)
    const asked = this.knownMaster(queue)
    if (asked === undefined) throw this.#noBroker(queue, 'has no master of it')
    return asked
  }

  /** By the broker's name alone, from any route. */
  masterOf(brokerName: string): string | undefined {
    return this.#masterOf(brokerName, this.dialled)
  }

  /** Address to read a queue from: the id the broker suggested, the next one for a slave that is gone, else any. */
  async reader(queue: MessageQueue, preferredId: number): Promise<{ address: string; brokerId: number }> {
    let ids = this.#replicas(queue)
    if (!ids || ids.size === 0) {
      await this.#routes.refresh(queue.topic)
      ids = this.#replicas(queue)
    }
    const brokerId = ids && nearest(ids, preferredId)
    if (ids === undefined || brokerId === undefined) throw this.#noBroker(queue, 'does not have it')
    return { address: this.dialled(ids.get(brokerId)!), brokerId }
  }

  /** Of every broker in any route; producers need masters only. */
  all(slavesToo: boolean): string[] {
    const addresses = new Set<string>()
    for (const byId of this.#routes.brokers().values())
      for (const [id, address] of byId) if (id === 0 || slavesToo) addresses.add(this.dialled(address))
    return [...addresses]
  }

  /** What a user should know when `address` cannot be reached; undefined when it is no broker's. */
  explanation(address: string): string | undefined {
    for (const [name, byId] of this.#routes.brokers())
      for (const advertised of byId.values()) {
        const vip = this.dialled(advertised) !== address
        if (vip && this.#vip(advertised) !== address) continue
        if (vip)
          return `that is the VIP channel of broker ${name}; leave vipChannelEnabled out if it has none`
        const rewritten =
          advertised === address ? '' : `, which addressMap or rewriteBrokerAddress made ${address}`
        return `broker ${name} advertises ${advertised}${rewritten}; if that cannot be reached from here, set brokerIP1 at the broker, or addressMap or rewriteBrokerAddress here`
      }
    return undefined
  }

  /** From any route when the queue's topic has none, as a light message queue. */
  #replicas(queue: MessageQueue): ReadonlyMap<number, string> | undefined {
    const route = this.#routes.known(queue.topic)
    return (route?.brokers ?? this.#routes.brokers()).get(this.brokerOf(queue))
  }

  #masterOf(brokerName: string, dialled: (advertised: string) => string): string | undefined {
    const master = this.#routes.brokers().get(brokerName)?.get(0)
    return master === undefined ? undefined : dialled(master)
  }

  #noBroker(queue: MessageQueue, why: string): AerobeeError {
    return new AerobeeError(
      'NO_ROUTE',
      `The broker[${this.brokerOf(queue)}] not exist: the route of topic ${queue.topic} ${why}.`,
      { retryable: true },
    )
  }
}

/** The port less 2. */
function vipAddress(address: string): string {
  const colon = address.lastIndexOf(':')
  return `${address.slice(0, colon)}:${Number(address.slice(colon + 1)) - 2}`
}

function nearest(ids: ReadonlyMap<number, string>, preferredId: number): number | undefined {
  if (ids.has(preferredId)) return preferredId
  if (preferredId !== 0 && ids.has(preferredId + 1)) return preferredId + 1
  return ids.has(0) ? 0 : ids.keys().next().value
}
