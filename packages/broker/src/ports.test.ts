import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAerobeeError, silentLogger } from '@aerobee/base'
import { ConnectionPool, Dispatcher, serve, success } from '@aerobee/net'
import { MemoryNetwork, VirtualClock } from '@aerobee/testkit'
import { type Command, commands } from '@aerobee/wire'
import { openPorts } from './ports.js'

const served = commands.getBrokerConfig as unknown as Command

function machine() {
  const clock = new VirtualClock()
  const network = new MemoryNetwork(clock)
  const transport = network.transport('10.0.0.1')
  const newDispatcher = () =>
    new Dispatcher({
      receiver: 'broker',
      commands: [served],
      registrations: [serve(commands.getBrokerConfig, () => success({ version: 'v' }))],
      logger: silentLogger,
    })
  const open = (listenPort: number) =>
    openPorts({
      config: { bindAddress: '10.0.0.1', listenPort, serverChannelMaxIdleTimeSeconds: 120 },
      transport,
      clock,
      logger: silentLogger,
      newDispatcher,
    })
  const take = (port: number) => transport.listen({ host: '10.0.0.1', port }, (stream) => stream.destroy())
  return { clock, network, open, take }
}

test('when the port below a free one is taken, others are tried, and they serve', async () => {
  const { clock, network, open, take } = machine()
  // The first free port of a new machine is 40000.
  await take(39_998)
  const { endpoint, server } = await open(0)
  assert.equal(endpoint.port, 40_001)
  const pool = new ConnectionPool({ transport: network.transport('10.0.0.2'), clock, logger: silentLogger })
  for (const port of [endpoint.port, endpoint.port - 2]) {
    const answer = await clock.resolve(pool.call(`10.0.0.1:${port}`, commands.getBrokerConfig, {}))
    assert.equal(answer.code, 0, `port ${port}`)
  }
  await clock.resolve(Promise.all([pool.close(), server.close()]))
})

test('when a given port or the one below is taken, the start fails and both are free again', async () => {
  const { open, take } = machine()
  for (const taken of [10_911, 10_909]) {
    const other = await take(taken)
    await assert.rejects(open(10_911), (thrown) => isAerobeeError(thrown, 'IO_FAILED'))
    await other.close()
    const { server } = await open(10_911)
    await server.close()
  }
})
