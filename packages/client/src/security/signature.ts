import { createHmac } from 'node:crypto'
import type { ExtFields } from '@aerobee/wire'

/** A user as access control of RocketMQ knows one (reference: client-behaviour 12). */
export interface Credentials {
  accessKey: string
  secretKey: string
  /** Of temporary credentials. */
  securityToken?: string
}

/** Base64 of HMAC-SHA1. */
export function signatureOf(secretKey: string, content: Uint8Array): string {
  return createHmac('sha1', secretKey).update(content).digest('base64')
}

/**
 * What is signed:
 *
 *   content = values of all ext fields in the order of their names, without Signature, in UTF-8 | body
 */
export function signedContent(ext: ExtFields, body: Uint8Array | undefined): Uint8Array {
  let text = ''
  for (const name of Object.keys(ext).sort()) if (name !== 'Signature') text += ext[name]
  const head = Buffer.from(text, 'utf8')
  return body === undefined || body.length === 0 ? head : Buffer.concat([head, body])
}

/** The fields that a signed request has beside `ext`. */
export function signatureFields(
  credentials: Credentials,
  ext: ExtFields,
  body: Uint8Array | undefined,
): ExtFields {
  const { accessKey, secretKey, securityToken } = credentials
  const identity: ExtFields = { AccessKey: accessKey }
  if (securityToken !== undefined) identity.SecurityToken = securityToken
  const content = signedContent({ ...ext, ...identity }, body)
  return { ...identity, Signature: signatureOf(secretKey, content) }
}
