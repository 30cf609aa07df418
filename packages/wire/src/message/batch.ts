import { asBuffer, assert, bad, good, limits, type Result } from '@aerobee/base'

/**
 * Body of a batch (reference: wire 3.6):
 *
 *   batch   = { message }
 *   message = totalSize int32 | magic int32 (0) | crc int32 (0) | flag int32
 *             | bodyLength int32 | body | propertiesLength int16 | properties
 */
export interface BatchItem {
  flag: number
  /** A view into the batch when decoded. */
  body: Uint8Array
  /** Text form. */
  properties: string
}

const fixedBytes = 22

/** Every inner length is checked against what is there before it is used. */
export function decodeBatch(bytes: Uint8Array): Result<BatchItem[]> {
  const text = asBuffer(bytes)
  const items: BatchItem[] = []
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < fixedBytes)
      return bad(`${bytes.length - at} bytes are left, a message has at least ${fixedBytes}`)
    const total = text.readInt32BE(at)
    const bodyLength = text.readInt32BE(at + 16)
    if (total < fixedBytes || total > bytes.length - at)
      return bad(`message ${items.length} has size ${total}`)
    if (bodyLength < 0 || bodyLength > total - fixedBytes)
      return bad(`message ${items.length} of ${total} bytes has a body of ${bodyLength}`)
    const propertiesAt = at + 20 + bodyLength
    const propertiesLength = text.readInt16BE(propertiesAt)
    if (propertiesLength !== total - fixedBytes - bodyLength)
      return bad(`message ${items.length} has properties of ${propertiesLength} bytes`)
    items.push({
      flag: text.readInt32BE(at + 12),
      body: bytes.subarray(at + 20, propertiesAt),
      properties: text.toString('utf8', propertiesAt + 2, at + total),
    })
    at += total
  }
  return good(items)
}

/** Properties have at most 32,767 bytes in UTF-8. */
export function encodeBatch(items: readonly BatchItem[]): Uint8Array {
  const sizes = items.map((item) => Buffer.byteLength(item.properties))
  const total = items.reduce((sum, item, i) => sum + fixedBytes + item.body.length + sizes[i]!, 0)
  const bytes = Buffer.alloc(total)
  let at = 0
  for (const [i, item] of items.entries()) {
    const size = fixedBytes + item.body.length + sizes[i]!
    assert(sizes[i]! <= limits.propertiesBytes, 'properties fit into their int16 length')
    bytes.writeInt32BE(size, at)
    bytes.writeInt32BE(item.flag, at + 12)
    bytes.writeInt32BE(item.body.length, at + 16)
    bytes.set(item.body, at + 20)
    bytes.writeInt16BE(sizes[i]!, at + 20 + item.body.length)
    bytes.write(item.properties, at + 22 + item.body.length, 'utf8')
    at += size
  }
  return bytes
}
