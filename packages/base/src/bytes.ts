/** Views and text over byte arrays. Buffer is used for its fast paths only; signatures say Uint8Array. */
export const emptyBytes: Uint8Array = new Uint8Array(0)

/** The same bytes as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

/** Lossy on invalid input: for display and for headers, never for stored bytes. */
export function utf8Text(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('utf8')
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

export function hexUpper(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex').toUpperCase()
}
