/**
 * A host as records and message ids carry it:
 *
 *   host = ip 4 or 16 bytes | port int32
 */
export const hostBytesV4 = 8
export const hostBytesV6 = 20

/** undefined when `address` is no IP text. An IPv4 address mapped into IPv6 counts as IPv4. */
export function hostBytes(address: string, port: number): Uint8Array | undefined {
  const ip = ipBytes(address)
  if (!ip) return undefined
  const bytes = new Uint8Array(ip.length + 4)
  bytes.set(ip)
  new DataView(bytes.buffer).setInt32(ip.length, port)
  return bytes
}

/** 4 or 16 bytes of an address in text form; a zone (`%eth0`) is dropped. */
export function ipBytes(address: string): Uint8Array | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  return ipv4Bytes(mapped ? mapped[1]! : address) ?? ipv6Bytes(address)
}

function ipv4Bytes(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255))
    return undefined
  return Uint8Array.from(parts, Number)
}

function ipv6Bytes(text: string): Uint8Array | undefined {
  const halves = text.replace(/%.*$/, '').split('::')
  if (halves.length > 2 || !text.includes(':')) return undefined
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const given = head!.length + (tail?.length ?? 0)
  if (tail ? given > 7 : given !== 8) return undefined
  const groups = [...head!, ...Array<string>(8 - given).fill('0'), ...(tail ?? [])]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return Uint8Array.from(
    groups.flatMap((group) => {
      const value = Number.parseInt(group, 16)
      return [value >> 8, value & 0xff]
    }),
  )
}

/** `1.2.3.4` or `2001:db8:0:0:0:0:0:1`, as Java prints them. `ip` has 4 or 16 bytes. */
export function ipText(ip: Uint8Array): string {
  if (ip.length === 4) return ip.join('.')
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push(((ip[i]! << 8) | ip[i + 1]!).toString(16))
  return groups.join(':')
}

export interface HostAddress {
  ip: string
  port: number
}

/** `bytes` has 8 or 20 bytes. */
export function hostAddress(bytes: Uint8Array): HostAddress {
  const ipLength = bytes.length - 4
  const port = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getInt32(ipLength)
  return { ip: ipText(bytes.subarray(0, ipLength)), port }
}

/** `1.2.3.4:80` or `[2001:db8:0:0:0:0:0:1]:80`. */
export function hostText(bytes: Uint8Array): string {
  const { ip, port } = hostAddress(bytes)
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}
