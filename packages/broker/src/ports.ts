import { AerobeeError, type Clock, errorText, type Logger } from '@aerobee/base'
import { type Dispatcher, type Endpoint, RemotingServer, type Transport } from '@aerobee/net'
import { commands } from '@aerobee/wire'

export interface PortsOptions {
  /** listenPort 0 means any two free ports that are two apart. */
  config: { bindAddress: string; listenPort: number; serverChannelMaxIdleTimeSeconds: number }
  transport: Transport
  clock: Clock
  logger: Logger
  /** One for each attempt: closing a server makes its dispatcher send everybody away. */
  newDispatcher: () => Dispatcher
}

export interface Ports {
  readonly server: RemotingServer
  readonly endpoint: Endpoint
}

/** The fast port lies this much below the other. */
const fastPortGap = 2
const attempts = 20

/** The fast port does not know pulls, so that they cannot hold sends up there. */
const refusedOnFastPort: ReadonlySet<number> = new Set([
  commands.pullMessage.code,
  commands.litePullMessage.code,
])

/**
 * Opens the port of the broker and the fast port (VIP port) two below it. Rejects with AerobeeError IO_FAILED when
 * one is taken; both are closed then.
 */
export async function openPorts(options: PortsOptions): Promise<Ports> {
  const { listenPort } = options.config
  for (let attempt = 1; ; attempt++) {
    const server = new RemotingServer({
      ...options,
      dispatcher: options.newDispatcher(),
      idleCloseMs: options.config.serverChannelMaxIdleTimeSeconds * 1000,
    })
    try {
      return { server, endpoint: await listenOnBoth(server, options) }
    } catch (thrown) {
      await server.close()
      if (listenPort !== 0 || attempt === attempts) throw thrown
      options.logger.debug(`two free ports were not found yet: ${errorText(thrown)}`)
    }
  }
}

async function listenOnBoth(server: RemotingServer, options: PortsOptions): Promise<Endpoint> {
  const { bindAddress, listenPort } = options.config
  const endpoint = await server.listen({ host: bindAddress, port: listenPort })
  const fastPort = endpoint.port - fastPortGap
  if (fastPort < 1)
    throw new AerobeeError(
      'INVALID_CONFIG',
      `listenPort=${listenPort} leaves no room for the fast port, ${fastPortGap} below: choose one above ${fastPortGap}`,
    )
  await server.listen({ host: bindAddress, port: fastPort }, { refusedCodes: refusedOnFastPort })
  return endpoint
}
