import type { Logger } from '@aerobee/base'
import { type Endpoint, endpointText } from '@aerobee/net'

export interface AdvertisedOptions {
  /** RocketMQ's brokerIP1; empty when not given. */
  brokerIP1: string
  /** Where it listens; one address only is the address that everybody gets. */
  bindAddress: string
  /** The port really taken. */
  listenPort: number
  logger: Logger
}

/** An IP that is not all of them; what a host name stands for depends on who asks. */
const isOneAddress = (host: string) => /^[\d.]+$|:/.test(host) && host !== '0.0.0.0' && host !== '::'

/** The address this broker tells of itself to a peer whose connection has the local end `local`. */
export type AdvertisedAddressFor = (local: Endpoint) => Endpoint

/**
 * `brokerIP1` when it is given, or the one address that the broker listens on, else the address that the peer itself dialled, or that we dialled it from: loopback
 * for local peers, the container's or host's address for others. Each new answer is logged once, with its reason.
 */
export function advertisedAddress(options: AdvertisedOptions): AdvertisedAddressFor {
  const { brokerIP1, bindAddress, listenPort, logger } = options
  const given = brokerIP1 !== '' ? 'brokerIP1' : isOneAddress(bindAddress) ? 'bindAddress' : undefined
  if (given) {
    const fixed = { host: options[given], port: listenPort }
    logger.info(`advertising ${endpointText(fixed)} to everybody, because ${given} says so`)
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
