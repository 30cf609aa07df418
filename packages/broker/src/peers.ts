import { hexUpper } from '@aerobee/base'
import type { Connection } from '@aerobee/net'
import type { AdvertisedAddressFor } from './advertised.js'
import { hostBytes } from './host-bytes.js'

/** Bits of sysFlag that say which hosts of a record are IPv6. */
const bornHostV6 = 0x10
const storeHostV6 = 0x20
export const hostFlags = bornHostV6 | storeHostV6

/** What every message of a connection shares. */
export interface Peer {
  readonly bornHost: Uint8Array
  readonly storeHost: Uint8Array
  /** hostFlags of the two. */
  readonly sysFlag: number
  /** Hex of storeHost: how message ids begin. */
  readonly messageIdPrefix: string
  /** Address of this broker as the peer knows it. */
  readonly storeHostText: string
}

/** Remembers it per connection, so that a send only looks it up. */
export class Peers {
  readonly #advertisedFor: AdvertisedAddressFor
  readonly #peers = new Map<Connection, Peer>()

  constructor(advertisedFor: AdvertisedAddressFor) {
    this.#advertisedFor = advertisedFor
  }

  of(connection: Connection): Peer {
    return this.#peers.get(connection) ?? this.#meet(connection)
  }

  #meet(connection: Connection): Peer {
    const advertised = this.#advertisedFor(connection.local)
    const born = hostBytes(connection.remote)
    const store = hostBytes(advertised)
    const peer: Peer = {
      bornHost: born.bytes,
      storeHost: store.bytes,
      sysFlag: (born.v6 ? bornHostV6 : 0) | (store.v6 ? storeHostV6 : 0),
      messageIdPrefix: hexUpper(store.bytes),
      storeHostText: advertised.host,
    }
    this.#peers.set(connection, peer)
    connection.onClose(() => this.#peers.delete(connection))
    return peer
  }
}
