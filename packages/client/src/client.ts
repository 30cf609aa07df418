import { abortable } from '@aerobee/base'
import { ClientInstance } from './client-instance.js'
import type { CallOptions, ClientOptions, StartOptions } from './options.js'
import { waitForBroker } from './wait-for-broker.js'

const instances = new WeakMap<Client, ClientInstance>()

/**
 * Connections, routes and heartbeats that several roles of one process share: give it to each as option `client`. Its
 * options count for all of them.
 */
export class Client {
  readonly #instance: ClientInstance

  /** Throws AerobeeError INVALID_ARGUMENT. */
  constructor(options: Omit<ClientOptions, 'client'> = {}) {
    this.#instance = new ClientInstance(options)
    instances.set(this, this.#instance)
  }

  get clientId(): string {
    return this.#instance.clientId
  }

  /** Closes every role that uses it, then the connections. Idempotent. */
  close({ signal }: CallOptions = {}): Promise<void> {
    return abortable(this.#close(), signal)
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#instance.roles].map((role) => role.close()))
    await this.#instance.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * A client that several roles share. Rejects when `waitForBroker` is given and no broker answered in time, and with the
 * signal's reason.
 */
export async function connect(options: Omit<ClientOptions, 'client'> & StartOptions = {}): Promise<Client> {
  const client = new Client(options)
  const instance = instances.get(client)!
  try {
    await abortable(instance.start(), options.signal)
    await waitForBroker(instance, [], options)
  } catch (thrown) {
    await client.close()
    throw thrown
  }
  return client
}

/** The instance of a role: its own, unless it shares one. */
export function openInstance(
  options: ClientOptions,
  streamRequests = false,
): { instance: ClientInstance; owned: boolean } {
  const shared = options.client && instances.get(options.client)
  if (shared) return { instance: shared, owned: false }
  return { instance: new ClientInstance(options, streamRequests), owned: true }
}
