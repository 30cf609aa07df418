import assert from 'node:assert/strict'
import test from 'node:test'
import { type ClientOptions, connect, isAerobeeError, Producer, PushConsumer } from '@aerobee/client'
import { parseEndpoint } from '@aerobee/net'
import { TlsFront, testAuthority } from '@aerobee/testkit'
import { RealPlace } from './real-place.test.js'

/** Name server and broker, each with TLS before it, and the options of a client that has to go through. */
async function tlsPlace() {
  const place = await RealPlace.start()
  const nameServer = await TlsFront.start(parseEndpoint(place.namesrvAddr))
  const broker = await TlsFront.start(parseEndpoint(place.brokerAddr))
  const at = ({ endpoint }: TlsFront) => `localhost:${endpoint.port}`
  const options: ClientOptions = {
    namesrvAddr: at(nameServer),
    addressMap: { [place.brokerAddr]: at(broker) },
  }
  const close = async () => {
    await broker.close()
    await nameServer.close()
    await place.stop()
  }
  return { place, nameServer, broker, options, close }
}

test('messages are sent and consumed over TLS, to name servers and brokers', async () => {
  const { options, nameServer, broker, close } = await tlsPlace()
  const client = await connect({ ...options, tls: { ca: testAuthority() }, waitForBroker: 10_000 })
  const producer = await new Producer({ client, producerGroup: 'p' }).start()
  const bodies = Array.from({ length: 50 }, (_, i) => `${i} `.padEnd(1 + i * 2000, 'x'))
  await Promise.all(bodies.map((body) => producer.send({ topic: 'T', body })))
  const consumer = new PushConsumer({ client, consumerGroup: 'g', from: 'earliest' }).subscribe('T')
  const seen = new Set<string>()
  await new Promise<void>((resolve, reject) => {
    const listen = (message: { text(): string }) => {
      if (seen.add(message.text()).size === bodies.length) resolve()
    }
    consumer.run(listen).catch(reject)
  })
  assert.deepEqual([...seen].sort(), bodies.sort())
  assert.deepEqual([nameServer.connectionCount, broker.connectionCount], [1, 1])
  await client.close()
  await close()
})

test('what is wrong with TLS is told to who sends, and is not tried again', async () => {
  const { place, options, close } = await tlsPlace()
  const failure = async (more: ClientOptions): Promise<string> => {
    const producer = await new Producer({ ...options, ...more, producerGroup: 'p' }).start()
    const thrown = await producer.send({ topic: 'T', body: 'x' }).catch((error: unknown) => error)
    await producer.close()
    assert.ok(isAerobeeError(thrown, 'CONNECT_FAILED'), String(thrown))
    return `${thrown.retryable ? 'again' : 'never'}: ${thrown.message}`
  }
  const ca = testAuthority()
  assert.match(await failure({ tls: true }), /^never: No name server answers at localhost:\d+: .*as tls\.ca/)
  assert.match(await failure({ useTLS: true }), /^never: .*nobody that is trusted signed its certificate/)
  assert.match(await failure({ tls: { ca, servername: 'other' } }), /^never: .*not for other/)
  const plain = { namesrvAddr: place.namesrvAddr, tls: { ca } }
  assert.match(
    await failure(plain),
    /it ended the TLS handshake .*turn TLS on there, or leave option tls out/,
  )
  await close()
})
