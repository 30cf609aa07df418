/** JSON text straight into a buffer: no intermediate strings while the text is printable ASCII. */

/** Bytes writeQuoted may need for the text, quotes included: six for each UTF-16 unit (`\u0001`). */
export function quotedUpperBound(text: string): number {
  return text.length * 6 + 2
}

/** Text that is written often; ASCII without quotes in need of escapes. */
export function plainBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}

/** Returns the end. A loop, because a call into native code costs more than these few bytes. */
export function writePlain(target: Buffer, at: number, bytes: Uint8Array): number {
  const length = bytes.length
  for (let i = 0; i < length; i++) target[at + i] = bytes[i]!
  return at + length
}

/** Text in quotes, escaped where JSON wants it, UTF-8. Returns the end. */
export function writeQuoted(target: Buffer, at: number, text: string): number {
  const length = text.length
  let end = at
  target[end++] = 0x22
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return writeEscaped(target, at, text)
    target[end++] = unit
  }
  target[end++] = 0x22
  return end
}

function writeEscaped(target: Buffer, at: number, text: string): number {
  return at + target.write(JSON.stringify(text), at, 'utf8')
}

/** Decimal digits of an int32. Returns the end. */
export function writeInteger(target: Buffer, at: number, value: number): number {
  let start = at
  let rest = value
  if (value < 0) {
    target[start++] = 0x2d
    rest = -value
  }
  let digits = 1
  for (let bound = 10; bound <= rest; bound *= 10) digits++
  const end = start + digits
  for (let i = end - 1; i >= start; i--) {
    const tens = Math.floor(rest / 10)
    target[i] = 0x30 + rest - tens * 10
    rest = tens
  }
  return end
}
