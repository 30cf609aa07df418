import type { Logger } from '@aerobee/base'
import type { Endpoint } from '@aerobee/net'

export interface AdvertisedOptions {
  /** RocketMQ's brokerIP1; empty when not given. */
  brokerIP1: string
  /** The port really taken. */
  listenPort: number
  logger: Logger
}

/** The address this broker tells of itself to a peer whose connection has the local end `local`. */
export type AdvertisedAddressFor = (local: Endpoint) => Endpoint

/**
 * `brokerIP1` when it is given, else the address that the peer itself dialled, or that we dialled it from: loopback
 * for local peers, the container's or host's address for others. Each new answer is logged once, with its reason.
 */
export function advertisedAddress(options: AdvertisedOptions): AdvertisedAddressFor {
  const { brokerIP1, listenPort, logger } = options
  if (brokerIP1 !== '') {
    logger.info(`advertising ${brokerIP1}:${listenPort} to everybody, because brokerIP1 says so`)
    const fixed = { host: brokerIP1, port: listenPort }
    return () => fixed
  }
  const known = new Map<string, Endpoint>()
  return (local) => {
    let endpoint = known.get(local.host)
    if (!endpoint) {
      endpoint = { host: local.host.replace(/^::ffff:(?=\d+\.)/i, ''), port: listenPort }
      known.set(local.host, endpoint)
      logger.info(
        `advertising ${endpoint.host}:${listenPort} to peers that reach us there; set brokerIP1 for one fixed address`,
      )
    }
    return endpoint
  }
}
