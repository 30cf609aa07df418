import { bad, good, type Result } from '@aerobee/base'

/**
 * Body of a batch (reference: wire 3.6):
 *
 *   batch   = { message }
 *   message = totalSize int32 | magic int32 | crc int32 | flag int32
 *             | bodyLength int32 | body | propertiesLength int16 | properties
 */
export interface BatchItem {
  flag: number
  /** A view into the batch. */
  body: Uint8Array
  properties: string
}
const fixedBytes = 22

export function readBatch(bytes: Uint8Array): Result<BatchItem[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const items: BatchItem[] = []
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < fixedBytes) return bad(`${bytes.length - at} bytes are left of a message`)
    const total = view.getInt32(at)
    const bodyLength = view.getInt32(at + 16)
    if (total < fixedBytes || total > bytes.length - at)
      return bad(`message ${items.length} has size ${total}`)
    if (bodyLength < 0 || bodyLength > total - fixedBytes)
      return bad(`message ${items.length} of ${total} bytes has a body of ${bodyLength}`)
    const propertiesAt = at + 20 + bodyLength
    const propertiesLength = view.getInt16(propertiesAt)
    if (propertiesLength !== total - fixedBytes - bodyLength)
      return bad(`message ${items.length} has properties of ${propertiesLength} bytes`)
    items.push({
      flag: view.getInt32(at + 12),
      body: bytes.subarray(at + 20, at + 20 + bodyLength),
      properties: text.toString('utf8', propertiesAt + 2, at + total),
    })
    at += total
  }
  return good(items)
}
