import { isIP } from 'node:net'
import { type ConnectionOptions, connect, createSecureContext, type PeerCertificate } from 'node:tls'
import { AerobeeError, systemClock } from '@aerobee/base'
import { endpointText } from './address.js'
import type { Transport } from './contracts.js'
import { connectFailure, SocketStream } from './tcp-transport.js'
import type { TlsOptions } from './tls-transport.js'

/**
 * Connects, and shakes hands within the same time. Throws AerobeeError INVALID_ARGUMENT for certificates and keys that
 * cannot be read.
 */
export function tlsConnector(options: TlsOptions): Transport['connect'] {
  const { servername, insecureSkipVerify = false } = options
  const secureContext = contextOf(options)
  return (target, { timeoutMs, signal }) =>
    new Promise((resolve, reject) => {
      const address = endpointText(target)
      const name = servername ?? target.host
      const socket = connect({
        host: target.host,
        port: target.port,
        secureContext,
        rejectUnauthorized: !insecureSkipVerify,
        ...(isIP(name) === 0 && { servername: name }),
      })
      socket.setNoDelay(true)
      let connected = false
      socket.once('connect', () => {
        connected = true
      })
      const settle = () => {
        timer.cancel()
        signal?.removeEventListener('abort', onAbort)
        socket.removeListener('error', onError)
      }
      const fail = (error: AerobeeError) => {
        settle()
        socket.on('error', () => {})
        socket.destroy()
        reject(error)
      }
      const onError = (error: NodeJS.ErrnoException) =>
        fail(handshakeFailure(connected, address, name, error))
      const onAbort = () => fail(connectFailure(address, 'the caller gave up', signal?.reason))
      const timer = systemClock.after(timeoutMs, () => fail(noAnswer(connected, address, timeoutMs)))
      socket.once('error', onError)
      socket.once('secureConnect', () => {
        settle()
        resolve(new SocketStream(socket))
      })
      if (signal?.aborted) onAbort()
      else signal?.addEventListener('abort', onAbort, { once: true })
    })
}

function contextOf({ ca, cert, key, passphrase }: TlsOptions): ReturnType<typeof createSecureContext> {
  try {
    return createSecureContext({ ca, cert, key, passphrase } as ConnectionOptions)
  } catch (thrown) {
    throw new AerobeeError(
      'INVALID_ARGUMENT',
      `tls.ca, tls.cert or tls.key cannot be used: ${(thrown as Error).message}; give PEM text, and a key that belongs to the certificate`,
      { cause: thrown },
    )
  }
}

const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

/** What went wrong between the connection and the end of the handshake, and what to do. */
function handshakeFailure(
  connected: boolean,
  address: string,
  name: string,
  error: NodeJS.ErrnoException,
): AerobeeError {
  const code = error.code ?? ''
  if (untrusted.has(code))
    return refused(
      address,
      `nobody that is trusted signed its certificate (${error.message}); give the authority, or the self-signed certificate, as tls.ca`,
      error,
    )
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return refused(
      address,
      `its certificate is for ${namesOf(error as CertificateError)}, not for ${name}; dial a name that it has, or give one as tls.servername`,
      error,
    )
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return refused(address, `its ${error.message}; renew it there, or set this machine's clock right`, error)
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return refused(address, `it answers, but not in TLS; ${withoutTls}`, error)
  if (code.startsWith('ERR_SSL_') && code.includes('ALERT'))
    return refused(
      address,
      `it refuses the handshake (${error.message}); does it want a client certificate? Give tls.cert and tls.key`,
      error,
    )
  if (code.startsWith('ERR_SSL_') || code.startsWith('CERT_')) return refused(address, error.message, error)
  if (connected)
    return connectFailure(address, `it ended the TLS handshake (${error.message}); ${withoutTls}`, error)
  return connectFailure(address, error.message, error)
}

const withoutTls = 'turn TLS on there, or leave option tls out'

/** Trying again changes nothing. */
function refused(address: string, why: string, cause: unknown): AerobeeError {
  return new AerobeeError('CONNECT_FAILED', `no TLS connection to ${address}: ${why}`, {
    retryable: false,
    address,
    cause,
  })
}

function noAnswer(connected: boolean, address: string, timeoutMs: number): AerobeeError {
  const missing = connected ? `no TLS handshake within ${timeoutMs} ms; ${withoutTls}` : undefined
  return connectFailure(address, missing ?? `no answer within ${timeoutMs} ms`)
}

type CertificateError = Error & { cert?: Pick<PeerCertificate, 'subject' | 'subjectaltname'> }

function namesOf({ cert }: CertificateError): string {
  const names = cert?.subjectaltname?.replace(/\b(DNS|IP Address):/g, '')
  return names ?? String(cert?.subject.CN ?? 'somebody else')
}
