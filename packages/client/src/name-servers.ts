import { AerobeeError, errorText, isAerobeeError, type Random } from '@aerobee/base'
import type { Answer, CallOptions } from '@aerobee/net'
import type { Command, Encodable, FieldSet } from '@aerobee/wire'
import type { Remoting } from './remoting.js'

/** `host:port;host:port` as a list, empty when there is none. Throws AerobeeError INVALID_ARGUMENT. */
export function parseNamesrvAddr(namesrvAddr: string): string[] {
  const addresses = namesrvAddr
    .split(/[;,]/)
    .map((part) => part.trim().replace(/^https?:\/\/(?:.*\/)?/, ''))
    .filter((part) => part !== '')
  for (const address of addresses)
    if (!/^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:.]+\]:\d{1,5}$/.test(address))
      throw new AerobeeError(
        'INVALID_ARGUMENT',
        `namesrvAddr ${address} is not acceptable: expected host:port, several separated by ;`,
      )
  return addresses
}

/** Calls that one name server answers as well as any other: the one that answered last, else the next. */
export class NameServers {
  readonly #remoting: Remoting
  readonly #random: Random
  #addresses: readonly string[]
  #chosen: string | undefined

  constructor(addresses: readonly string[], remoting: Remoting, random: Random) {
    this.#addresses = addresses
    this.#remoting = remoting
    this.#random = random
  }

  get addresses(): readonly string[] {
    return this.#addresses
  }

  /** New addresses; one that is gone is left, and disconnected. */
  update(addresses: readonly string[]): void {
    for (const address of this.#addresses)
      if (!addresses.includes(address))
        this.#remoting.pool.disconnect(address, 'it is no name server any more')
    this.#addresses = addresses
    if (this.#chosen !== undefined && !addresses.includes(this.#chosen)) this.#chosen = undefined
  }

  /** Rejects when none answers; the cause is the last failure. An error code is an answer. */
  async call<Req extends FieldSet, Res extends FieldSet>(
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    options: CallOptions,
  ): Promise<Answer<Res>> {
    const addresses = this.#addresses
    if (addresses.length === 0) throw noAddress()
    this.#chosen ??= addresses[this.#random.below(addresses.length)]!
    let address = this.#chosen
    let failure: unknown
    for (let i = 0; i < addresses.length; i++) {
      try {
        return await this.#remoting.call(address, command, fields, options)
      } catch (thrown) {
        if (options.signal?.aborted) throw thrown
        failure = thrown
        const next = addresses[(addresses.indexOf(address) + 1) % addresses.length]!
        // Another call may have moved on already.
        if (this.#chosen === address) this.#chosen = next
        address = next
      }
    }
    throw new AerobeeError(
      'CONNECT_FAILED',
      `No name server answers at ${addresses.join(', ')}: ${errorText(failure)}. Is one running there?`,
      {
        retryable: isAerobeeError(failure) ? failure.retryable : true,
        cause: failure,
        address: addresses.join(';'),
      },
    )
  }
}

const noAddress = () =>
  new AerobeeError(
    'NO_ROUTE',
    'No name server address, please set it: namesrvAddr such as "127.0.0.1:9876", NAMESRV_ADDR in the environment, or namesrvEndpoint.',
    { retryable: true },
  )
