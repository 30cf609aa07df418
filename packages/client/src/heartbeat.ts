import { errorText, javaHash } from '@aerobee/base'
import type { Answer } from '@aerobee/net'
import { bodies, commands, responseCodes } from '@aerobee/wire'
import { brokerError } from './answers.js'
import type { ClientInstance } from './client-instance.js'
import type { Role } from './role.js'

/** Tells brokers who is here (reference: client-behaviour 1.4). Brokers that do not answer are left for the next time. */
export class Heartbeats {
  readonly #instance: ClientInstance
  readonly #roles: ReadonlySet<Role>
  readonly #v2: boolean
  /** By broker address: fingerprint of what it knows already. Of version 2 only. */
  readonly #known = new Map<string, number>()

  constructor(instance: ClientInstance, roles: ReadonlySet<Role>, v2: boolean) {
    this.#instance = instance
    this.#roles = roles
    this.#v2 = v2
  }

  /** Resolves with how many brokers took it. `anew`: with all subscriptions, whatever they knew. */
  async beat(addresses: readonly string[], anew = false): Promise<number> {
    const data = this.#data()
    if (this.#instance.closed || (data.consumerDataSet.length === 0 && data.producerDataSet.length === 0))
      return 0
    if (anew) for (const address of addresses) this.#known.delete(address)
    const beat = new BeatBodies(data, this.#v2)
    const beats = await Promise.all(addresses.map((address) => this.#beat(address, beat)))
    return beats.filter(Boolean).length
  }

  get hasConsumers(): boolean {
    for (const role of this.#roles) if (role.consumerGroup !== undefined) return true
    return false
  }

  async #beat(address: string, beat: BeatBodies): Promise<boolean> {
    const { logger, callTimeoutMs } = this.#instance
    const { fingerprint } = beat
    const body = this.#v2 && this.#known.get(address) === fingerprint ? beat.short : beat.whole
    try {
      const answer = await this.#instance.call(
        address,
        commands.heartbeat,
        {},
        { body, timeoutMs: callTimeoutMs },
      )
      if (answer.code !== responseCodes.SUCCESS) {
        this.#known.delete(address)
        logger.warn(`heartbeat refused by broker ${address}: ${answer.remark}`, { code: answer.code })
        this.#instance.failed(brokerError(answer as unknown as Answer, 'Heartbeat', address), 'heartbeat')
        return false
      }
      if (this.#v2 && answer.fields?.supportsHeartbeatV2 && !answer.fields.subscriptionChanged)
        this.#known.set(address, fingerprint)
      else this.#known.delete(address)
      return true
    } catch (thrown) {
      this.#known.delete(address)
      if (this.#instance.closed) return false
      logger.warn(`no heartbeat to broker ${address}: ${errorText(thrown)}`)
      this.#instance.failed(thrown, 'heartbeat')
      return false
    }
  }

  #data(): bodies.HeartbeatData {
    const producers = new Set([...this.#roles].flatMap((role) => role.producerGroup ?? []))
    return {
      clientID: this.#instance.clientId,
      consumerDataSet: [...this.#roles].flatMap((role) => (role.consumerData ? [role.consumerData()] : [])),
      heartbeatFingerprint: 0,
      producerDataSet: [...producers].map((groupName) => ({ groupName })),
      withoutSub: false,
    }
  }
}

/** The bodies of one beat, for all brokers; each is made when first sent. */
class BeatBodies {
  readonly fingerprint: number
  readonly #data: bodies.HeartbeatData
  #whole: Uint8Array | undefined
  #short: Uint8Array | undefined

  constructor(data: bodies.HeartbeatData, v2: boolean) {
    this.fingerprint = v2 ? fingerprintOf(data) : 0
    this.#data = { ...data, heartbeatFingerprint: this.fingerprint }
  }

  get whole(): Uint8Array {
    this.#whole ??= bodies.heartbeatData.encode(this.#data)
    return this.#whole
  }

  /** For brokers that know the subscriptions. */
  get short(): Uint8Array {
    const consumerDataSet = this.#data.consumerDataSet.map(withoutSubscriptions)
    this.#short ??= bodies.heartbeatData.encode({ ...this.#data, consumerDataSet, withoutSub: true })
    return this.#short
  }
}

const withoutSubscriptions = (data: bodies.ConsumerData): bodies.ConsumerData => ({
  ...data,
  subscriptionDataSet: [],
})

/** Hash of all that does not change by itself. */
function fingerprintOf(data: bodies.HeartbeatData): number {
  const consumerDataSet = data.consumerDataSet.map((consumer) => ({
    ...consumer,
    subscriptionDataSet: consumer.subscriptionDataSet.map((one) => ({ ...one, subVersion: 0 })),
  }))
  return javaHash(bodies.heartbeatData.text({ ...data, clientID: '', consumerDataSet }))
}
