import assert from 'node:assert/strict'
import test from 'node:test'
import { isAerobeeError } from '@aerobee/base'
import { Client } from '../client.js'
import { FakeCluster } from '../fake-cluster.test.js'
import type { ClientOptions } from '../options.js'
import { Producer } from '../producer/producer.js'
import { transportOf } from './transport.js'

const namesrvAddr = '127.0.0.1:1'

test('TLS is off unless tls or useTLS asks for it', () => {
  for (const options of [{}, { tls: false }, { useTLS: false }]) assert.equal(transportOf(options), undefined)
  for (const options of [{ tls: true }, { useTLS: true }, { tls: { servername: 'broker' } }])
    assert.ok(transportOf(options))
})

test('options of TLS that contradict one another, or are none, are refused at once', () => {
  const refused = (options: ClientOptions, why: RegExp) =>
    assert.throws(
      () => new Producer({ namesrvAddr, producerGroup: 'p', ...options }),
      (thrown) => isAerobeeError(thrown, 'INVALID_ARGUMENT') && why.test(thrown.message),
    )
  refused({ tls: false, useTLS: true }, /useTLS is true and tls is false/)
  refused({ tls: { rejectUnauthorized: false } as object }, /unless tls\.insecureSkipVerify is true/)
  refused({ tls: { cert: 'x' } }, /tls\.cert and tls\.key go together/)
})

test('surroundings of tests have their own transport', async () => {
  const cluster = await FakeCluster.start()
  assert.throws(() => new Client({ ...cluster.options(), tls: true }), /leave tls out/)
  await cluster.close()
})

test('a proxy is refused with what to do instead, and none is none', async () => {
  for (const name of ['socksProxyConfig', 'proxy', 'httpProxy']) {
    const options = { namesrvAddr, [name]: '{"0.0.0.0/0":{"addr":"localhost:1080"}}' }
    assert.throws(
      () => new Client(options),
      (thrown) => {
        assert.ok(isAerobeeError(thrown, 'UNSUPPORTED'))
        assert.match(thrown.message, new RegExp(`^${name} is not supported: .*addressMap`))
        return true
      },
    )
  }
  for (const none of ['{}', '', {}, null, undefined]) {
    const options = { namesrvAddr, socksProxyConfig: none }
    await new Client(options).close()
  }
})
