import { emptyBytes } from '@aerobee/base'

/**
 * One remoting frame, decoded (reference: wire 3.1-3.3).
 *
 *   length int32 | serializeType byte | headerLength uint24 | header | body
 *   length = 4 + headerLength + bodyLength
 */
export type SerializeType = 0 | 1
export const serializeTypes = { JSON: 0, ROCKETMQ: 1 } as const satisfies Record<string, SerializeType>

/** Ext fields as they stand on the wire: every value is text. */
export type ExtFields = Record<string, string>

export interface Frame {
  /** Request code, or response code when the response bit is set. */
  code: number
  /** Name as in LanguageCode; null when the peer sent one we do not know. */
  language: string | null
  /** MQVersion ordinal of the sender. */
  version: number
  /** int32, unique per connection and side. */
  opaque: number
  flag: number
  remark: string | null
  extFields: ExtFields | null
  /** When writing a JSON header: the text of `extFields`, ASCII, which then is not looked at. */
  extText?: string | undefined
  /** A view into the received chunk when the frame lay whole in it: valid until the handler returns, unless copied. */
  body: Uint8Array
  serializeType: SerializeType
}

export const responseFlag = 1
export const onewayFlag = 2

export const isResponse = (frame: Frame): boolean => (frame.flag & responseFlag) !== 0
export const isOneway = (frame: Frame): boolean => (frame.flag & onewayFlag) !== 0

/** What we say of ourselves in every header: Apache 5.3.3's ordinal, the version whose behaviour we serve. */
export const ownVersion = 479
export const ownLanguage = 'JAVA'

export function newFrame(
  code: number,
  opaque: number,
  extFields: ExtFields | null = null,
  body: Uint8Array = emptyBytes,
): Frame {
  return {
    code,
    language: ownLanguage,
    version: ownVersion,
    opaque,
    flag: 0,
    remark: null,
    extFields,
    body,
    serializeType: serializeTypes.JSON,
  }
}
