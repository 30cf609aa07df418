import assert from 'node:assert/strict'
import test from 'node:test'
import { isAerobeeError, silentLogger } from '@aerobee/base'
import { MemoryNetwork, VirtualClock } from '@aerobee/testkit'
import { defineCommand, int32, optional, responseCodes, string } from '@aerobee/wire'
import { ConnectionPool } from './connection-pool.js'
import { type Connection, failure, type Registration, serve, success } from './contracts.js'
import { Dispatcher } from './dispatcher.js'
import { RemotingServer } from './server.js'

const declare = (name: string, code: number, receiver: 'broker' | 'client', notServed?: string) =>
  defineCommand({
    name,
    code,
    about: 'for tests',
    callers: ['client'],
    receiver,
    access: { resource: 'none', action: 'Any' },
    request: { text: string('a text'), count: optional(int32('a number')) },
    response: { text: string('the text back') },
    ...(notServed === undefined ? {} : { notServed }),
  })

const echo = declare('ECHO', 900, 'broker')
const later = declare('LATER', 901, 'broker')
const broken = declare('BROKEN', 902, 'broker')
const unserved = declare('UNSERVED', 903, 'broker', 'it comes with a later release')
const unknown = declare('UNKNOWN', 904, 'broker')
const askClient = declare('ASK_CLIENT', 905, 'client')
const address = '10.0.0.2:10911'

async function pair(more: { registrations?: Registration[] } = {}) {
  const clock = new VirtualClock()
  const network = new MemoryNetwork(clock)
  const peers: Connection[] = []
  const seen: string[] = []
  const dispatcher = new Dispatcher({
    receiver: 'broker',
    commands: [echo, later, broken, unserved] as never,
    registrations: more.registrations ?? [
      serve(echo, ({ request, frame }) => {
        seen.push(request.text)
        return success({ text: request.text }, frame.body.length > 0 ? frame.body : null)
      }),
      serve(later, async ({ request }) => {
        await Promise.resolve()
        return request.text === 'fail'
          ? Promise.reject(new Error('later is never'))
          : success({ text: request.text })
      }),
      serve(broken, () => {
        throw new Error('a handler broke')
      }),
    ],
    logger: silentLogger,
  })
  const server = new RemotingServer({
    transport: network.transport('10.0.0.2'),
    clock,
    logger: silentLogger,
    dispatcher,
    onConnect: (connection) => peers.push(connection),
  })
  await server.listen({ host: '0.0.0.0', port: 10911 })
  const pool = new ConnectionPool({
    transport: network.transport('10.0.0.1'),
    clock,
    logger: silentLogger,
    handler: new Dispatcher({
      receiver: 'client',
      commands: [askClient] as never,
      registrations: [serve(askClient, ({ request }) => success({ text: `client ${request.text}` }))],
      logger: silentLogger,
    }),
  })
  const close = async () => {
    await clock.resolve(Promise.all([pool.close(), server.close()]))
    assert.equal(clock.timers, 0)
    assert.equal(network.openStreams, 0)
  }
  return { clock, network, server, pool, peers, seen, close }
}

test('a request is answered with the fields and the body of its handler', async () => {
  const { clock, pool, close } = await pair()
  const body = Buffer.from('body')
  const answer = await clock.resolve(pool.call(address, echo, { text: 'hello' }, { body }))
  assert.equal(answer.code, 0)
  assert.deepEqual(answer.fields, { text: 'hello' })
  assert.equal(Buffer.from(answer.body).toString(), 'body')
  await close()
})
