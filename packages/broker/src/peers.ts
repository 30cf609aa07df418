import type { Connection, Endpoint } from '@aerobee/net'
import { hostBytes, hostBytesV6, systemFlags } from '@aerobee/wire'
import type { AdvertisedAddressFor } from './advertised.js'

/** Bits of sysFlag that say which hosts of a record are IPv6. */
export const hostFlags = systemFlags.bornHostV6 | systemFlags.storeHostV6

/** What every message of a connection shares. */
export interface Peer {
  readonly bornHost: Uint8Array
  readonly storeHost: Uint8Array
  /** hostFlags of the two. */
  readonly sysFlag: number
  /** Address of this broker as the peer knows it. */
  readonly storeHostText: string
}

/** Remembers it per connection, so that a send only looks it up. */
export class Peers {
  readonly #advertisedFor: AdvertisedAddressFor
  readonly #peers = new Map<Connection, Peer>()
  /** One array for each address, since message ids are made from it. */
  readonly #storeHosts = new Map<string, Uint8Array>()

  constructor(advertisedFor: AdvertisedAddressFor) {
    this.#advertisedFor = advertisedFor
  }

  of(connection: Connection): Peer {
    return this.#peers.get(connection) ?? this.#meet(connection)
  }

  #meet(connection: Connection): Peer {
    const advertised = this.#advertisedFor(connection.local)
    const bornHost = bytesOf(connection.remote)
    const storeHost = this.#storeHost(advertised)
    const peer: Peer = {
      bornHost,
      storeHost,
      sysFlag:
        (isV6(bornHost) ? systemFlags.bornHostV6 : 0) | (isV6(storeHost) ? systemFlags.storeHostV6 : 0),
      storeHostText: advertised.host,
    }
    this.#peers.set(connection, peer)
    connection.onClose(() => this.#peers.delete(connection))
    return peer
  }

  #storeHost(advertised: Endpoint): Uint8Array {
    let bytes = this.#storeHosts.get(advertised.host)
    if (!bytes) {
      bytes = bytesOf(advertised)
      this.#storeHosts.set(advertised.host, bytes)
    }
    return bytes
  }
}

/** An address that is no IP text (a host name, a name in memory) is stored as 0.0.0.0 with its port. */
const bytesOf = ({ host, port }: Endpoint): Uint8Array => hostBytes(host, port) ?? hostBytes('0.0.0.0', port)!

const isV6 = (host: Uint8Array) => host.length === hostBytesV6
