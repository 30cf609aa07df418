import { bad, good, type Result } from '@aerobee/base'
import type { ExtFields } from './frame.js'

/**
 * The command table: each request code is declared once, with every field of its request and response.
 * Both header codecs carry ext fields as text; this file turns text into typed fields and back, with the null,
 * type and range checks in one place. Anything else about a command (policy, metric label, reference page)
 * is read from its declaration.
 */
export type FieldKind = 'string' | 'int32' | 'int64' | 'clampedInt64' | 'boolean' | 'double'

export interface Field<T, Optional extends boolean> {
  readonly kind: FieldKind
  readonly optional: Optional
  /** Name on the wire when it differs from the key of the declaration. */
  readonly wireName?: string
  readonly about: string
  /** Carries the value's type only. */
  readonly phantom?: T
}

export type FieldSet = Readonly<Record<string, Field<unknown, boolean>>>

type OptionalKeys<S extends FieldSet> = { [K in keyof S]: S[K]['optional'] extends true ? K : never }[keyof S]
type ValueOf<F> = F extends Field<infer T, boolean> ? T : never

/** Decoded fields: every key present, undefined where an optional one was absent. */
export type Decoded<S extends FieldSet> = {
  -readonly [K in keyof S]: S[K]['optional'] extends true ? ValueOf<S[K]> | undefined : ValueOf<S[K]>
}
/** Fields to encode: optional ones may be left out. */
export type Encodable<S extends FieldSet> = { [K in Exclude<keyof S, OptionalKeys<S>>]: ValueOf<S[K]> } & {
  [K in OptionalKeys<S>]?: ValueOf<S[K]> | undefined
}

export const string = (about: string): Field<string, false> => ({ kind: 'string', optional: false, about })
export const int32 = (about: string): Field<number, false> => ({ kind: 'int32', optional: false, about })
/** Within ±(2^53-1); outside it the request is refused. */
export const int64 = (about: string): Field<number, false> => ({ kind: 'int64', optional: false, about })
/** A timestamp or bound that Java clients fill with Long.MAX_VALUE: beyond ±(2^53-1) it is taken as that bound. */
export const clampedInt64 = (about: string): Field<number, false> => ({
  kind: 'clampedInt64',
  optional: false,
  about,
})
export const boolean = (about: string): Field<boolean, false> => ({ kind: 'boolean', optional: false, about })
export const double = (about: string): Field<number, false> => ({ kind: 'double', optional: false, about })
export const optional = <T>(field: Field<T, false>): Field<T, true> => ({ ...field, optional: true })
export const named = <F extends Field<unknown, boolean>>(wireName: string, field: F): F => ({
  ...field,
  wireName,
})

export type Role = 'client' | 'broker' | 'nameServer' | 'controller' | 'admin'

/** What a caller must be allowed to do: RocketMQ's resource types and actions. */
export type Action = 'Pub' | 'Sub' | 'Create' | 'Update' | 'Delete' | 'Get' | 'List' | 'Any'
export interface Access {
  resource: 'topic' | 'group' | 'cluster' | 'none'
  /** Of several, one suffices. */
  action: Action | readonly Action[]
  /** Request field that names the resource; absent when the body does, or for the cluster as a whole. */
  field?: string
  /** Request field that names a consumer group to which the action must be allowed too. */
  groupField?: string
}

export interface CommandDeclaration<Req extends FieldSet, Res extends FieldSet> {
  /** RocketMQ's constant, e.g. `SEND_MESSAGE_V2`. */
  name: string
  code: number
  about: string
  /** Who sends it. */
  callers: readonly Role[]
  /** Who answers it. */
  receiver: 'broker' | 'nameServer' | 'controller' | 'client'
  access: Access
  request: Req
  response: Res
  /** What the bodies hold, e.g. `TopicRouteData (JSON)`; absent when empty. */
  requestBody?: string
  responseBody?: string
  /** Why nobody here answers it (yet); absent when served. */
  notServed?: string
}

export interface Command<Req extends FieldSet = FieldSet, Res extends FieldSet = FieldSet>
  extends CommandDeclaration<Req, Res> {
  readonly decodeRequest: (ext: ExtFields | null) => Result<Decoded<Req>>
  readonly encodeRequest: (fields: Encodable<Req>) => ExtFields
  /** The same as the JSON text of `extFields`, ASCII, without a table between. */
  readonly requestText: (fields: Encodable<Req>) => string
  readonly decodeResponse: (ext: ExtFields | null) => Result<Decoded<Res>>
  /** An answer that is an error may carry a part of the fields. */
  readonly encodeResponse: (fields: Partial<Encodable<Res>>) => ExtFields
  /** As requestText. */
  readonly responseText: (fields: Partial<Encodable<Res>>) => string
}

export type RequestOf<C> = C extends Command<infer Req, FieldSet> ? Decoded<Req> : never
export type RequestInput<C> = C extends Command<infer Req, FieldSet> ? Encodable<Req> : never
export type ResponseOf<C> = C extends Command<FieldSet, infer Res> ? Decoded<Res> : never
export type ResponseInput<C> = C extends Command<FieldSet, infer Res> ? Encodable<Res> : never

/**
 * A hot command in straight code, in place of a walk over its declaration. Whatever it gives up on, with undefined, is
 * left to the declaration, and so gets its reason there.
 */
export interface StraightCode<Req extends FieldSet, Res extends FieldSet> {
  decodeRequest?: (ext: ExtFields) => Decoded<Req> | undefined
  requestText?: (fields: Encodable<Req>) => string | undefined
  decodeResponse?: (ext: ExtFields) => Decoded<Res> | undefined
  responseText?: (fields: Partial<Encodable<Res>>) => string | undefined
}

export function defineCommand<const Req extends FieldSet, const Res extends FieldSet>(
  declaration: CommandDeclaration<Req, Res>,
  straight: StraightCode<Req, Res> = {},
): Command<Req, Res> {
  return {
    ...declaration,
    decodeRequest: straightFirst(straight.decodeRequest, fieldDecoder(declaration.request)),
    encodeRequest: fieldEncoder(declaration.request),
    requestText: straightTextFirst(straight.requestText, fieldTextEncoder(declaration.request)),
    decodeResponse: straightFirst(straight.decodeResponse, fieldDecoder(declaration.response)),
    encodeResponse: fieldEncoder(declaration.response),
    responseText: straightTextFirst(straight.responseText, fieldTextEncoder(declaration.response)),
  }
}

function straightFirst<Fields>(
  straight: ((ext: ExtFields) => Fields | undefined) | undefined,
  decode: (ext: ExtFields | null) => Result<Fields>,
): (ext: ExtFields | null) => Result<Fields> {
  if (straight === undefined) return decode
  return (ext) => {
    const fields = ext === null ? undefined : straight(ext)
    return fields === undefined ? decode(ext) : good(fields)
  }
}

function straightTextFirst<Fields>(
  straight: ((fields: Fields) => string | undefined) | undefined,
  encode: (fields: Fields) => string,
): (fields: Fields) => string {
  return straight === undefined ? encode : (fields) => straight(fields) ?? encode(fields)
}

const noFields: ExtFields = {}

function fieldDecoder<S extends FieldSet>(set: S): (ext: ExtFields | null) => Result<Decoded<S>> {
  const keys = Object.keys(set)
  const fields = keys.map((key) => set[key] as Field<unknown, boolean>)
  const wireNames = keys.map((key, i) => fields[i]!.wireName ?? key)
  return (ext) => {
    const source = ext ?? noFields
    const decoded: Record<string, unknown> = {}
    for (let i = 0; i < keys.length; i++) {
      const field = fields[i]!
      const text = source[wireNames[i]!]
      if (text === undefined) {
        if (!field.optional) return bad(`the custom field <${wireNames[i]}> is null`)
        decoded[keys[i]!] = undefined
        continue
      }
      const value = parseField(field.kind, text)
      if (value === undefined)
        return bad(`the custom field <${wireNames[i]}> is not ${kindText[field.kind]}: ${clip(text)}`)
      decoded[keys[i]!] = value
    }
    return good(decoded as Decoded<S>)
  }
}

const kindText: Record<FieldKind, string> = {
  string: 'text',
  int32: 'an integer in [-2147483648, 2147483647]',
  int64: 'an integer in [-9007199254740991, 9007199254740991]',
  clampedInt64: 'an integer in [-9223372036854775808, 9223372036854775807]',
  boolean: 'true or false',
  double: 'a number',
}

const clip = (text: string) => (text.length > 64 ? `${text.slice(0, 64)}…` : text)

/** undefined when the text is no value of the kind. Accepts what Java's parse methods accept. */
function parseField(kind: FieldKind, text: string): string | number | boolean | undefined {
  switch (kind) {
    case 'string':
      return text
    case 'int32': {
      const value = parseInteger(text)
      return value !== undefined && value >= -0x8000_0000 && value <= 0x7fff_ffff ? value : undefined
    }
    case 'int64':
      return parseInteger(text)
    case 'clampedInt64':
      return parseInteger(text) ?? clampInteger(text)
    case 'boolean':
      return text === 'true' || (text !== 'false' && text.toLowerCase() === 'true')
    case 'double': {
      const value = Number(text)
      return text.trim() !== '' && Number.isFinite(value) ? value : undefined
    }
  }
}

/** Decimal digits with an optional sign, as Long.parseLong; undefined beyond 2^53-1. */
export function parseInteger(text: string): number | undefined {
  const length = text.length
  let at = 0
  const first = text.charCodeAt(0)
  if (first === 0x2d || first === 0x2b) at = 1
  if (at === length || length > 20) return undefined
  let value = 0
  for (; at < length; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  if (value > Number.MAX_SAFE_INTEGER) return undefined
  return first === 0x2d && value !== 0 ? -value : value
}

/** For quick decoders: NaN when the text is absent or no int32. */
export function int32OrNaN(text: string | undefined): number {
  const value = text === undefined ? undefined : parseInteger(text)
  return value !== undefined && (value | 0) === value ? value : Number.NaN
}

/** For quick decoders: NaN when the text is absent or no integer within ±(2^53-1). */
export function int64OrNaN(text: string | undefined): number {
  return (text === undefined ? undefined : parseInteger(text)) ?? Number.NaN
}

function clampInteger(text: string): number | undefined {
  if (!/^[+-]?\d{16,19}$/.test(text)) return undefined
  const value = BigInt(text)
  if (BigInt.asIntN(64, value) !== value) return undefined
  return value < 0n ? -Number.MAX_SAFE_INTEGER : Number.MAX_SAFE_INTEGER
}

function fieldEncoder<S extends FieldSet>(set: S): (fields: Partial<Encodable<S>>) => ExtFields {
  const keys = Object.keys(set)
  const wireNames = keys.map((key) => (set[key] as Field<unknown, boolean>).wireName ?? key)
  return (fields) => {
    const source = fields as Record<string, unknown>
    const ext: ExtFields = {}
    for (let i = 0; i < keys.length; i++) {
      const value = source[keys[i]!]
      if (value !== undefined && value !== null)
        ext[wireNames[i]!] = typeof value === 'string' ? value : String(value)
    }
    return ext
  }
}

/** Printable ASCII that needs no escape in JSON. */
export const plain = /^[ !#-[\]-~]*$/

const beyondAscii = /[\u007f-\uffff]/

/** A JSON string without its quotes, in ASCII. */
export function escapedText(text: string): string {
  if (plain.test(text)) return text
  const escaped = JSON.stringify(text).slice(1, -1)
  if (!beyondAscii.test(escaped)) return escaped
  return escaped.replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** As escapedText, for properties as text: ASCII mostly, with their separators between. */
export function escapedProperties(text: string): string {
  let escaped = ''
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x20 && unit < 0x7f && unit !== 0x22 && unit !== 0x5c) continue
    if (unit !== 1 && unit !== 2) return escapedText(text)
    escaped += text.slice(from, i) + (unit === 1 ? '\\u0001' : '\\u0002')
    from = i + 1
  }
  return from === 0 ? text : escaped + text.slice(from)
}

/** Remembers the last text it escaped: for what is the same in request after request. */
export function escapedRepeated(): (text: string) => string {
  let last = ''
  let escaped = ''
  return (text) => {
    if (text !== last) {
      escaped = escapedText(text)
      last = text
    }
    return escaped
  }
}

function fieldTextEncoder<S extends FieldSet>(set: S): (fields: Partial<Encodable<S>>) => string {
  const keys = Object.keys(set)
  const openings = keys.map((key) => `"${(set[key] as Field<unknown, boolean>).wireName ?? key}":"`)
  return (fields) => {
    const source = fields as Record<string, unknown>
    let text = ''
    for (let i = 0; i < keys.length; i++) {
      const value = source[keys[i]!]
      if (value === undefined || value === null) continue
      const shown = typeof value === 'string' ? escapedText(value) : value
      text += (text === '' ? '{' : '",') + openings[i] + shown
    }
    return text === '' ? '{}' : `${text}"}`
  }
}
