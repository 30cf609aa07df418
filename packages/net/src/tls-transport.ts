import { AerobeeError } from '@aerobee/base'
import type { Transport } from './contracts.js'

/** PEM text or DER bytes. */
type Pem = string | Uint8Array

/** How a client trusts servers and shows who it is. */
export interface TlsOptions {
  /** Authorities to trust, in place of those that Node knows. */
  ca?: Pem | readonly Pem[]
  /** Certificate of this client, with those of its authorities behind it. */
  cert?: Pem
  /** Private key of `cert`. */
  key?: Pem
  /** Of an encrypted `key`. */
  passphrase?: string
  /** Name that servers' certificates must have. Default: the host that is dialled. */
  servername?: string
  /** Trust any certificate, so that anybody on the way can read and change everything. Default false. */
  insecureSkipVerify?: boolean
}

const known: Record<keyof TlsOptions, true> = {
  ca: true,
  cert: true,
  key: true,
  passphrase: true,
  servername: true,
  insecureSkipVerify: true,
}

/** TLS for clients; node:tls is loaded by the first connection. Throws AerobeeError INVALID_ARGUMENT. */
export function tlsTransport(options: TlsOptions = {}): Transport {
  checkTlsOptions(options)
  let loading: Promise<Transport['connect']> | undefined
  return {
    connect: async (target, connecting) => {
      loading ??= import('./tls-connect.js').then(({ tlsConnector }) => tlsConnector(options))
      return (await loading)(target, connecting)
    },
    listen: () =>
      Promise.reject(new AerobeeError('UNSUPPORTED', 'servers do not speak TLS yet: put a TLS proxy before')),
  }
}

function checkTlsOptions(options: TlsOptions): void {
  for (const name of Object.keys(options))
    if (!Object.hasOwn(known, name))
      throw new AerobeeError(
        'INVALID_ARGUMENT',
        name === 'rejectUnauthorized'
          ? 'tls.rejectUnauthorized is not an option: certificates are checked, unless tls.insecureSkipVerify is true'
          : `tls.${name} is not an option: ${Object.keys(known).join(', ')} are`,
      )
  if ((options.cert === undefined) !== (options.key === undefined))
    throw new AerobeeError('INVALID_ARGUMENT', 'tls.cert and tls.key go together: give both, or none')
}
