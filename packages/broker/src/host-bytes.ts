import type { Endpoint } from '@aerobee/net'

/**
 * A host as records carry it (reference: storage 2.1):
 *
 *   ip 4 or 16 bytes | port int32
 */
export interface HostBytes {
  readonly bytes: Uint8Array
  readonly v6: boolean
}

/** An address that is no IP text (a host name, a name in memory) is stored as 0.0.0.0 with its port. */
export function hostBytes(endpoint: Endpoint): HostBytes {
  const ip = parseIp(endpoint.host) ?? [0, 0, 0, 0]
  const bytes = new Uint8Array(ip.length + 4)
  bytes.set(ip)
  new DataView(bytes.buffer).setUint32(ip.length, endpoint.port)
  return { bytes, v6: ip.length === 16 }
}

/** An IPv4 address mapped into IPv6, as dual-stack sockets give it, is IPv4. */
function parseIp(text: string): number[] | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)
  return parseIpv4(mapped ? mapped[1]! : text) ?? parseIpv6(text)
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255))
    return undefined
  return parts.map(Number)
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.replace(/%.*$/, '').split('::')
  if (halves.length > 2 || !text.includes(':')) return undefined
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const given = head!.length + (tail?.length ?? 0)
  if (tail ? given > 7 : given !== 8) return undefined
  const groups = [...head!, ...Array<string>(8 - given).fill('0'), ...(tail ?? [])]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return groups.flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}
