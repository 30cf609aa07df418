/** JSON text straight into a buffer: no intermediate strings while the text is printable ASCII. */

/** Bytes writeQuoted may need for the text, quotes included: six for each UTF-16 unit (`\u0001`). */
export function quotedUpperBound(text: string): number {
  return text.length * 6 + 2
}

/** `text` must be ASCII without quotes, backslashes and control characters. Returns the end. */
export function writePlain(target: Buffer, at: number, text: string): number {
  const length = text.length
  for (let i = 0; i < length; i++) target[at + i] = text.charCodeAt(i)
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

/** Decimal digits of an integer within ±(2^53-1). Returns the end. */
export function writeInteger(target: Buffer, at: number, value: number): number {
  if (value >= 0 && value < 10) {
    target[at] = 0x30 + value
    return at + 1
  }
  return writePlain(target, at, String(value))
}
