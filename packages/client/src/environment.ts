import { homedir, networkInterfaces } from 'node:os'
import { AerobeeError, nodeFileSystem, systemClock, systemRandom } from '@aerobee/base'
import { tcpTransport } from '@aerobee/net'
import type { ClientSurroundings } from './options.js'

/** The one place of the client that looks at its process and machine. */
export const machine: Required<ClientSurroundings> = {
  clock: systemClock,
  random: systemRandom,
  transport: tcpTransport,
  fileSystem: nodeFileSystem,
  fetchText,
}

export const processId = (): number => process.pid

export const homeDirectory = (): string => homedir()

export const environmentNamesrvAddr = (): string | undefined => process.env.NAMESRV_ADDR

/** First address that is not loopback, IPv4 before IPv6; loopback when there is no other. */
export function localAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const outward = all.filter((one) => !one.internal)
  const chosen = outward.find((one) => one.family === 'IPv4') ?? outward[0]
  return chosen?.address ?? '127.0.0.1'
}

async function fetchText(url: string, timeoutMs: number): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })
  if (response.status !== 200)
    throw new AerobeeError('NAME_SERVER_ERROR', `${url} answered ${response.status}`, { retryable: true })
  return response.text()
}
