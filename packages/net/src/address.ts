import { AerobeeError } from '@aerobee/base'
import type { Endpoint } from './contracts.js'

/** `host:port`; the port stands behind the last colon, as Java clients write IPv6 addresses too. */
export function endpointText(endpoint: Endpoint): string {
  return `${endpoint.host}:${endpoint.port}`
}

/** Inverse of endpointText; brackets around the host are taken off. Throws INVALID_ARGUMENT. */
export function parseEndpoint(text: string): Endpoint {
  const colon = text.lastIndexOf(':')
  const portText = text.slice(colon + 1)
  const port = Number(portText)
  const host = text.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/, '$1')
  if (host === '' || !/^\d{1,5}$/.test(portText) || port > 65_535)
    throw new AerobeeError('INVALID_ARGUMENT', `the address ${text.slice(0, 100)} is not host:port`)
  return { host, port }
}
