import { bad, good, type Result, utf8, utf8Text } from '@aerobee/base'
import { parseLenientJson } from '../lenient-json.js'
import { BodyFault, type JsonForm, type Shape } from './shape.js'

/** Reads and writes one kind of JSON body. */
export interface BodyCodec<T> {
  /** Java's class, which reference pages and reasons name. */
  readonly name: string
  decode(body: Uint8Array): Result<T>
  /** From JSON that is parsed already, e.g. a part of another body. */
  read(value: unknown): Result<T>
  /** Form `fastjson` unless told. */
  encode(value: T, form?: JsonForm): Uint8Array
  text(value: T, form?: JsonForm): string
}

export function bodyCodec<T>(name: string, shape: Shape<T>): BodyCodec<T> {
  const read = (value: unknown): Result<T> => {
    try {
      return good(shape.read(value, ''))
    } catch (thrown) {
      if (thrown instanceof BodyFault) return bad(`${name}: ${thrown.message}`)
      throw thrown
    }
  }
  return {
    name,
    read,
    decode(body) {
      const parsed = parseLenientJson(utf8Text(body))
      return parsed.ok ? read(parsed.value) : bad(`${name}: ${parsed.reason}`)
    },
    encode: (value, form = 'fastjson') => utf8(shape.write(value, form)),
    text: (value, form = 'fastjson') => shape.write(value, form),
  }
}
