import { AerobeeError } from '@aerobee/base'
import { type Transport, tlsTransport } from '@aerobee/net'
import type { ClientOptions } from '../options.js'

/** RocketMQ's name for a SOCKS proxy, and others that users try. */
const proxyOptions = ['socksProxyConfig', 'socksProxy', 'proxy', 'httpProxy', 'httpsProxy'] as const

/**
 * The transport that the options ask for; undefined: the machine's TCP. Throws AerobeeError INVALID_ARGUMENT, and
 * UNSUPPORTED for proxies.
 */
export function transportOf(options: ClientOptions): Transport | undefined {
  refuseProxies(options)
  const { tls, useTLS } = options
  if (tls === false && useTLS) throw new AerobeeError('INVALID_ARGUMENT', 'useTLS is true and tls is false')
  const asked = tls || useTLS
  if (!asked) return undefined
  if (options.surroundings)
    throw new AerobeeError('INVALID_ARGUMENT', 'surroundings have a transport already: leave tls out')
  return tlsTransport(typeof tls === 'object' ? tls : {})
}

function refuseProxies(options: object): void {
  const given = options as Readonly<Record<string, unknown>>
  for (const name of proxyOptions)
    if (!isNothing(given[name]))
      throw new AerobeeError(
        'UNSUPPORTED',
        `${name} is not supported: the client connects to name servers and brokers by itself. Forward their ports to this machine, and say so with namesrvAddr and with addressMap or rewriteBrokerAddress`,
      )
}

/** `{}`, as text too, is what RocketMQ has for no proxy. */
function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '' || value === '{}') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
