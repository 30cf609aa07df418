import { AerobeeError, errorText, type Random } from '@aerobee/base'
import type { Answer, CallOptions, ConnectionPool } from '@aerobee/net'
import type { Command, Encodable, FieldSet } from '@aerobee/wire'

/** `host:port;host:port` as a list. Throws AerobeeError INVALID_ARGUMENT. */
export function parseNamesrvAddr(namesrvAddr: string | undefined): string[] {
  const addresses = (namesrvAddr ?? '')
    .split(/[;,]/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (addresses.length === 0)
    throw new AerobeeError(
      'INVALID_ARGUMENT',
      'No name server address: give namesrvAddr, such as "127.0.0.1:9876", or set NAMESRV_ADDR in the environment.',
    )
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
  readonly addresses: readonly string[]
  readonly #pool: ConnectionPool
  #chosen: number

  constructor(addresses: readonly string[], pool: ConnectionPool, random: Random) {
    this.addresses = addresses
    this.#pool = pool
    this.#chosen = random.below(addresses.length)
  }

  /** Rejects when none answers; the cause is the last failure. An error code is an answer. */
  async call<Req extends FieldSet, Res extends FieldSet>(
    command: Command<Req, Res>,
    fields: Encodable<Req>,
    options: CallOptions,
  ): Promise<Answer<Res>> {
    let failure: unknown
    for (let i = 0; i < this.addresses.length; i++) {
      try {
        return await this.#pool.call(this.addresses[this.#chosen]!, command, fields, options)
      } catch (thrown) {
        if (options.signal?.aborted) throw thrown
        failure = thrown
        this.#chosen = (this.#chosen + 1) % this.addresses.length
      }
    }
    throw new AerobeeError(
      'CONNECT_FAILED',
      `No name server answers at ${this.addresses.join(', ')}: ${errorText(failure)}. Is one running there?`,
      { retryable: true, cause: failure, address: this.addresses.join(';') },
    )
  }
}
