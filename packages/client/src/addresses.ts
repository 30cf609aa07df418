import { AerobeeError } from '@aerobee/base'
import type { ClientOptions } from './options.js'
import type { MessageQueue } from './route.js'
import type { RouteTable } from './route-table.js'

/** Where to dial: masters and replicas of queues, with what the user says about addresses. */
export class BrokerAddresses {
  readonly #routes: RouteTable
  /** What to dial for an address that a broker advertises. */
  readonly dialled: (advertised: string) => string

  constructor(routes: RouteTable, options: Pick<ClientOptions, 'addressMap' | 'rewriteBrokerAddress'>) {
    const { addressMap, rewriteBrokerAddress } = options
    this.#routes = routes
    this.dialled = (advertised) =>
      addressMap?.[advertised] ?? rewriteBrokerAddress?.(advertised) ?? advertised
  }

  /** Address of the broker's master, when a route is known that has it. */
  knownMaster(queue: MessageQueue): string | undefined {
    const master = this.#routes.known(queue.topic)?.brokers.get(queue.brokerName)?.get(0)
    return master === undefined ? undefined : this.dialled(master)
  }

  /** Address of the queue's master. Rejects with NO_ROUTE when no route has it. */
  async master(queue: MessageQueue): Promise<string> {
    const known = this.knownMaster(queue) ?? this.masterOf(queue.brokerName)
    if (known !== undefined) return known
    await this.#routes.refresh(queue.topic)
    const asked = this.knownMaster(queue)
    if (asked === undefined)
      throw new AerobeeError(
        'NO_ROUTE',
        `The broker[${queue.brokerName}] not exist: the route of topic ${queue.topic} has no master of it.`,
        { retryable: true },
      )
    return asked
  }

  /** By the broker's name alone, from any route. */
  masterOf(brokerName: string): string | undefined {
    const master = this.#routes.brokers().get(brokerName)?.get(0)
    return master === undefined ? undefined : this.dialled(master)
  }

  /** Address to read a queue from: the id the broker suggested, the next one for a slave that is gone, else any. */
  async reader(queue: MessageQueue, preferredId: number): Promise<{ address: string; brokerId: number }> {
    let ids = this.#routes.known(queue.topic)?.brokers.get(queue.brokerName)
    if (!ids || ids.size === 0) ids = (await this.#routes.refresh(queue.topic))?.brokers.get(queue.brokerName)
    const brokerId = ids && nearest(ids, preferredId)
    if (ids === undefined || brokerId === undefined)
      throw new AerobeeError(
        'NO_ROUTE',
        `The broker[${queue.brokerName}] not exist: it is not in the route of topic ${queue.topic}.`,
        { retryable: true },
      )
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
        if (this.dialled(advertised) !== address) continue
        const rewritten =
          advertised === address ? '' : `, which addressMap or rewriteBrokerAddress made ${address}`
        return `broker ${name} advertises ${advertised}${rewritten}; if that cannot be reached from here, set brokerIP1 at the broker, or addressMap or rewriteBrokerAddress here`
      }
    return undefined
  }
}

function nearest(ids: ReadonlyMap<number, string>, preferredId: number): number | undefined {
  if (ids.has(preferredId)) return preferredId
  if (preferredId !== 0 && ids.has(preferredId + 1)) return preferredId + 1
  return ids.has(0) ? 0 : ids.keys().next().value
}
