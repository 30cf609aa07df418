import { bad, good, limits, type Result } from '@aerobee/base'
import { closingQuote, LenientReader, type LenientValue } from './lenient-json-reader.js'

/**
 * JSON as fastjson writes and reads it (reference: wire 3.4): strict JSON, and besides
 *
 *   key    = string | number | bare word | object without object keys
 *   string = "…" | '…'
 *   commas may be doubled, and stand in front of a closing bracket
 *
 * A number as key becomes its text, an object as key the strict JSON text of that object. Of a key that comes twice the
 * later value counts. Integers beyond ±(2^53-1) lose their low digits, as with JSON.parse. Look at own keys only: a key
 * may be `__proto__`.
 *
 * Text that is nested deeper than 16 or holds more than `maxValues` values is refused in one pass, before anything is
 * built of it. Never throws.
 */
export function parseLenientJson(text: string, maxValues: number = limits.jsonValues): Result<LenientValue> {
  const scanned = scan(text, maxValues)
  if (!scanned.ok) return scanned
  if (scanned.value === 'strict') {
    try {
      return good(JSON.parse(text) as LenientValue)
    } catch {
      // Not strict after all: the lenient reader has the value, or the reason.
    }
  }
  return new LenientReader(text).document()
}

const quote = 0x22
const apostrophe = 0x27
const comma = 0x2c
const openList = 0x5b
const closeList = 0x5d
const openObject = 0x7b
const closeObject = 0x7d

/**
 * One pass over what stands outside of strings: counts, and guesses the form. Java's maps with numbers or objects as
 * keys have them behind every brace that opens.
 */
function scan(text: string, maxValues: number): Result<'strict' | 'lenient'> {
  let depth = 0
  let values = 0
  let form: 'strict' | 'lenient' = 'strict'
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case openObject:
        if (!startsStrict(text, at + 1)) form = 'lenient'
        if (++depth > limits.jsonDepth) return bad(`it is nested deeper than ${limits.jsonDepth}`)
        values++
        break
      case openList:
        if (++depth > limits.jsonDepth) return bad(`it is nested deeper than ${limits.jsonDepth}`)
        values++
        break
      case closeObject:
      case closeList:
        depth--
        break
      case comma:
        values++
        break
      case apostrophe:
        form = 'lenient'
        at = closingQuote(text, at)
        if (at < 0) return bad('a string has no end')
        break
      case quote:
        at = closingQuote(text, at)
        if (at < 0) return bad('a string has no end')
        break
    }
  }
  return values > maxValues ? bad(`it holds ${values} values, at most ${maxValues} are allowed`) : good(form)
}

/** Whether a string, a closing brace or a blank stands there. */
function startsStrict(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit === quote || unit === closeObject || unit <= 0x20
}
