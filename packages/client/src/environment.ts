import { networkInterfaces } from 'node:os'
import { systemClock, systemRandom } from '@aerobee/base'
import { tcpTransport } from '@aerobee/net'
import type { ClientSurroundings } from './options.js'

/** The one place of the client that looks at its process and machine. */
export const machine: ClientSurroundings = {
  clock: systemClock,
  random: systemRandom,
  transport: tcpTransport,
}

export const processId = (): number => process.pid

export const environmentNamesrvAddr = (): string | undefined => process.env.NAMESRV_ADDR

/** First address that is not loopback, IPv4 before IPv6; loopback when there is no other. */
export function localAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const outward = all.filter((one) => !one.internal)
  const chosen = outward.find((one) => one.family === 'IPv4') ?? outward[0]
  return chosen?.address ?? '127.0.0.1'
}
