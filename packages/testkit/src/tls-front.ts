import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createServer, type Server } from 'node:tls'
import type { Endpoint } from '@aerobee/net'

/** What lies in testdata/tls; see the page there. */
export type TestCertificate = 'server' | 'other-name' | 'expired' | 'client' | 'self-signed'

const pem = (name: string): string =>
  readFileSync(new URL(`../testdata/tls/${name}.pem`, import.meta.url), 'latin1')

export const testCertificate = (name: TestCertificate): { cert: string; key: string } => ({
  cert: pem(name),
  key: pem(`${name}.key`),
})

/** Signed all but the self-signed one. */
export const testAuthority = (): string => pem('ca')

/**
 * Speaks TLS before a server that does not:
 *
 *   client ──TLS──► front ──plain──► target
 */
export class TlsFront {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(target: Endpoint, certificate: TestCertificate, wantsClientCertificate: boolean) {
    const options = {
      ...testCertificate(certificate),
      ca: testAuthority(),
      requestCert: wantsClientCertificate,
      rejectUnauthorized: wantsClientCertificate,
    }
    this.#server = createServer(options, (near) => {
      const far = connect({ host: target.host, port: target.port, noDelay: true })
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from)
        from.on('error', () => {})
        from.on('close', () => {
          this.#sockets.delete(from)
          to.destroy()
        })
        from.pipe(to)
      }
    })
    this.#server.on('tlsClientError', () => {})
  }

  /** On any free port of 127.0.0.1. */
  static async start(
    target: Endpoint,
    options: { certificate?: TestCertificate; wantsClientCertificate?: boolean } = {},
  ): Promise<TlsFront> {
    const front = new TlsFront(
      target,
      options.certificate ?? 'server',
      options.wantsClientCertificate ?? false,
    )
    await new Promise<void>((resolve, reject) => {
      front.#server.once('error', reject)
      front.#server.listen(0, '127.0.0.1', resolve)
    })
    return front
  }

  get endpoint(): Endpoint {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  get connectionCount(): number {
    return this.#sockets.size / 2
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
