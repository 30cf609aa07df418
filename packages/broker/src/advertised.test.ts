import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '@aerobee/base'
import { advertisedAddress } from './advertised.js'

function advertising(brokerIP1: string, bindAddress = '0.0.0.0') {
  const lines: string[] = []
  const logger = { ...silentLogger, info: (message: string) => void lines.push(message) }
  return { addressFor: advertisedAddress({ brokerIP1, bindAddress, listenPort: 10_911, logger }), lines }
}

test('brokerIP1 is advertised to everybody', () => {
  const { addressFor, lines } = advertising('203.0.113.9')
  assert.deepEqual(addressFor({ host: '127.0.0.1', port: 10_909 }), { host: '203.0.113.9', port: 10_911 })
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /203\.0\.113\.9:10911 .* brokerIP1 says so/)
})

test('otherwise the address that a peer dialled, with the port of the broker, and one log line for each', () => {
  const { addressFor, lines } = advertising('')
  assert.deepEqual(addressFor({ host: '127.0.0.1', port: 10_909 }), { host: '127.0.0.1', port: 10_911 })
  assert.deepEqual(addressFor({ host: '::ffff:172.17.0.2', port: 1 }), { host: '172.17.0.2', port: 10_911 })
  assert.deepEqual(addressFor({ host: '::1', port: 1 }), { host: '::1', port: 10_911 })
  addressFor({ host: '127.0.0.1', port: 5 })
  assert.equal(lines.length, 3)
  assert.match(lines[0]!, /set brokerIP1 for one fixed address/)
})

test('a broker that listens on one address advertises that one, whichever way a peer came', () => {
  const { addressFor, lines } = advertising('', '192.0.2.4')
  assert.deepEqual(addressFor({ host: '127.0.0.1', port: 10_909 }), { host: '192.0.2.4', port: 10_911 })
  assert.match(lines[0]!, /192\.0\.2\.4:10911 .* bindAddress says so/)
  for (const everywhere of ['', '0.0.0.0', '::', 'localhost'])
    assert.equal(advertising('', everywhere).addressFor({ host: '10.0.0.7', port: 1 }).host, '10.0.0.7')
})
