import { asBuffer, assert, bad, good, limits, type Result } from '@aerobee/base'
import { type ExtFields, type Frame, responseFlag, serializeTypes } from './frame.js'
import { languageByte, languageBytes, languageName } from './languages.js'

/**
 * ROCKETMQ binary header (reference: wire 3.3). All integers big endian, text UTF-8:
 *
 *   code int16 | language int8 | version int16 | opaque int32 | flag int32
 *   | remarkLength int32, remark | fieldsLength int32, { keyLength int16, key, valueLength int32, value }*
 *
 * Text of length zero decodes as null. `code` is an int16: request codes above it arrive truncated, and the POP
 * requests among them are known by what is left of them.
 */
const fixedBytes = 17

/** Of the requests above int16, none but these is sent by clients. */
const truncatedCodes: Readonly<Record<number, number>> = Object.fromEntries(
  [200050, 200051, 200052, 200053, 200054, 200055, 200056, 200151].map((code) => [(code << 16) >> 16, code]),
)

export function decodeRocketmqHeader(header: Uint8Array, body: Uint8Array): Result<Frame> {
  const bytes = asBuffer(header)
  if (bytes.length < fixedBytes + 4) return bad('the binary header is shorter than its fixed part')
  const wireCode = bytes.readInt16BE(0)
  const flag = bytes.readInt32BE(9)
  const remarkLength = bytes.readInt32BE(13)
  const fieldsAt = fixedBytes + remarkLength + 4
  if (remarkLength < 0 || fieldsAt > bytes.length) return bad('the remark of the binary header overruns it')
  const fieldsLength = bytes.readInt32BE(fieldsAt - 4)
  if (fieldsLength < 0 || fieldsAt + fieldsLength > bytes.length)
    return bad('the ext fields of the binary header overrun it')
  const extFields: Result<ExtFields | null> =
    fieldsLength === 0 ? good(null) : decodeFields(bytes, fieldsAt, fieldsAt + fieldsLength)
  if (!extFields.ok) return extFields
  const isRequest = (flag & responseFlag) === 0
  return good({
    code: isRequest ? (truncatedCodes[wireCode] ?? wireCode) : wireCode,
    language: languageName(bytes.readInt8(2)),
    version: bytes.readInt16BE(3),
    opaque: bytes.readInt32BE(5),
    flag,
    remark: remarkLength === 0 ? null : bytes.toString('utf8', fixedBytes, fixedBytes + remarkLength),
    extFields: extFields.value,
    body,
    serializeType: serializeTypes.ROCKETMQ,
  })
}

function decodeFields(bytes: Buffer, start: number, end: number): Result<ExtFields> {
  const fields: ExtFields = {}
  let at = start
  for (let count = 0; at < end; count++) {
    if (count === limits.extFields) return bad(`the header has more than ${limits.extFields} ext fields`)
    if (at + 2 > end) return bad('an ext field key overruns the binary header')
    const keyEnd = at + 2 + bytes.readInt16BE(at)
    if (keyEnd < at + 2 || keyEnd + 4 > end) return bad('an ext field key overruns the binary header')
    const valueEnd = keyEnd + 4 + bytes.readInt32BE(keyEnd)
    if (valueEnd < keyEnd + 4 || valueEnd > end) return bad('an ext field value overruns the binary header')
    if (valueEnd > keyEnd + 4) {
      const key = bytes.toString('utf8', at + 2, keyEnd)
      // A plain assignment of this one key would set the prototype instead of a field.
      if (key !== '__proto__') fields[key] = bytes.toString('utf8', keyEnd + 4, valueEnd)
    }
    at = valueEnd
  }
  return good(fields)
}

/** Bytes that writeRocketmqHeader may need at most. */
export function rocketmqHeaderUpperBound(frame: Frame): number {
  let bound = fixedBytes + 4 + (frame.remark === null ? 0 : frame.remark.length * 3)
  const fields = frame.extFields
  if (fields !== null) for (const key in fields) bound += 6 + key.length * 3 + fields[key]!.length * 3
  return bound
}

/** Writes the header and returns its end. */
export function writeRocketmqHeader(target: Buffer, at: number, frame: Frame): number {
  target.writeInt16BE((frame.code << 16) >> 16, at)
  const language = frame.language === null ? undefined : languageByte(frame.language)
  target.writeInt8(language ?? languageBytes.OTHER, at + 2)
  target.writeInt16BE((frame.version << 16) >> 16, at + 3)
  target.writeInt32BE(frame.opaque, at + 5)
  target.writeInt32BE(frame.flag, at + 9)
  const remarkBytes = frame.remark === null ? 0 : target.write(frame.remark, at + fixedBytes, 'utf8')
  target.writeInt32BE(remarkBytes, at + 13)
  const lengthAt = at + fixedBytes + remarkBytes
  let end = lengthAt + 4
  const fields = frame.extFields
  if (fields !== null) for (const key in fields) end = writeField(target, end, key, fields[key]!)
  target.writeInt32BE(end - lengthAt - 4, lengthAt)
  return end
}

function writeField(target: Buffer, at: number, key: string, value: string): number {
  const keyBytes = target.write(key, at + 2, 'utf8')
  assert(keyBytes <= 0x7fff, 'the key of an ext field is longer than its int16 length can say')
  target.writeInt16BE(keyBytes, at)
  const valueAt = at + 2 + keyBytes + 4
  const valueBytes = target.write(value, valueAt, 'utf8')
  target.writeInt32BE(valueBytes, valueAt - 4)
  return valueAt + valueBytes
}
