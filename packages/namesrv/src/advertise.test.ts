import assert from 'node:assert/strict'
import test from 'node:test'
import type { Connection } from '@aerobee/net'
import { advertisedTo } from './advertise.js'
import { type BrokerEntry, emptyRouteState, type LiveBroker } from './route-state.js'

const connection = (local: string, remote: string) =>
  ({ local: { host: local, port: 9876 }, remote: { host: remote, port: 50_000 } }) as Connection

/** A broker that registered under `address` over a connection from `from`. */
function addressFor(client: Connection, address: string, from: Connection): string | undefined {
  const state = emptyRouteState()
  const entry: BrokerEntry = {
    cluster: 'C',
    brokerName: 'b',
    addresses: new Map([[0, address]]),
    zoneName: undefined,
    enableActingMaster: false,
  }
  state.live.set(`C\n${address}`, { address, connection: from } as LiveBroker)
  return advertisedTo(state, entry, client).get(0)
}

const fromHere = connection('127.0.0.1', '127.0.0.1')
const fromElsewhere = connection('192.168.1.5', '192.168.1.9')

test('local clients get the loopback address', () => {
  assert.equal(addressFor(fromHere, '127.0.0.1:10911', fromHere), '127.0.0.1:10911')
})

test('a client from elsewhere gets the address it dialled instead of a loopback address', () => {
  assert.equal(addressFor(fromElsewhere, '127.0.0.1:10911', fromHere), '192.168.1.5:10911')
  assert.equal(
    addressFor(connection('::ffff:172.17.0.2', '::ffff:172.17.0.1'), '127.0.0.1:10911', fromHere),
    '172.17.0.2:10911',
  )
})

test('an address that is not loopback is left as it is', () => {
  assert.equal(addressFor(fromElsewhere, '10.1.1.1:10911', fromHere), '10.1.1.1:10911')
})

test('a loopback address that was registered from another machine is left as it is: it is not ours to mend', () => {
  assert.equal(addressFor(fromElsewhere, '127.0.0.1:10911', fromElsewhere), '127.0.0.1:10911')
})
