import assert from 'node:assert/strict'
import test from 'node:test'
import type { Connection } from '@aerobee/net'
import { type BrokerRegistration, registerBroker } from './register.js'
import { routeOfTopic, setWritable, systemTopics, topicsOfCluster, unitTopics } from './route-lookup.js'
import { emptyRouteState, type QueueData } from './route-state.js'
import { expiredLeases, unregisterBroker } from './unregister.js'

const queue = (brokerName: string, more: Partial<QueueData> = {}): QueueData => ({
  brokerName,
  readQueueNums: 4,
  writeQueueNums: 4,
  perm: 6,
  topicSysFlag: 0,
  ...more,
})

const connection = (id: number) => ({ id }) as Connection

function registration(more: Partial<BrokerRegistration> = {}): BrokerRegistration {
  const brokerName = more.brokerName ?? 'broker-a'
  return {
    cluster: 'C',
    brokerName,
    brokerId: 0,
    address: '10.0.0.1:10911',
    haServerAddress: '10.0.0.1:10912',
    zoneName: undefined,
    enableActingMaster: false,
    leaseMs: 120_000,
    dataVersion: { stateVersion: 0, timestamp: 1, counter: 1 },
    topics: new Map([
      ['T', queue(brokerName)],
      ['U', queue(brokerName)],
    ]),
    mappings: undefined,
    filterServers: undefined,
    connection: connection(1),
    ...more,
  }
}
const keep = { deleteTopicWithBrokerRegistration: false }
const noActing = { supportActingMaster: false }

test('a registered broker is in the route of its topics', () => {
  const state = emptyRouteState()
  assert.equal(registerBroker(state, registration(), 0, keep).kind, 'registered')
  const route = routeOfTopic(state, 'T', noActing)
  assert.deepEqual(route?.queues, [queue('broker-a')])
  assert.deepEqual([...route!.brokers[0]!.addresses], [[0, '10.0.0.1:10911']])
  assert.equal(routeOfTopic(state, 'none', noActing), undefined)
})

test('an incremental registration before the first whole one is refused', () => {
  const state = emptyRouteState()
  const one = registration({ topics: new Map([['T', queue('broker-a')]]) })
  assert.equal(registerBroker(state, one, 0, keep).kind, 'refused')
  assert.equal(routeOfTopic(state, 'T', noActing), undefined)
  registerBroker(state, registration(), 0, keep)
  const later = registration({
    topics: new Map([['New', queue('broker-a')]]),
    dataVersion: { stateVersion: 0, timestamp: 2, counter: 2 },
  })
  assert.equal(registerBroker(state, later, 0, keep).kind, 'registered')
  assert.ok(routeOfTopic(state, 'New', noActing))
})

test('queue data changes only with the data version, except for topics not known yet', () => {
  const state = emptyRouteState()
  registerBroker(state, registration(), 0, keep)
  const wider = new Map([
    ['T', queue('broker-a', { readQueueNums: 9 })],
    ['V', queue('broker-a')],
  ])
  registerBroker(state, registration({ topics: wider }), 0, keep)
  assert.equal(routeOfTopic(state, 'T', noActing)!.queues[0]!.readQueueNums, 4)
  assert.ok(routeOfTopic(state, 'V', noActing))
  registerBroker(
    state,
    registration({ topics: wider, dataVersion: { stateVersion: 0, timestamp: 1, counter: 2 } }),
    0,
    keep,
  )
  assert.equal(routeOfTopic(state, 'T', noActing)!.queues[0]!.readQueueNums, 9)
})

test('a slave learns its master and brings no topics', () => {
  const state = emptyRouteState()
  registerBroker(state, registration(), 0, keep)
  const slave = registration({
    brokerId: 1,
    address: '10.0.0.2:10911',
    topics: new Map([
      ['S', queue('broker-a')],
      ['S2', queue('broker-a')],
    ]),
  })
  const outcome = registerBroker(state, slave, 0, keep)
  assert.deepEqual(outcome, {
    kind: 'registered',
    masterAddress: '10.0.0.1:10911',
    masterHaAddress: '10.0.0.1:10912',
    newMinimumId: false,
  })
  assert.equal(routeOfTopic(state, 'S', noActing), undefined)
})

test('an address keeps one entry when its id changes', () => {
  const state = emptyRouteState()
  registerBroker(state, registration({ brokerId: 1 }), 0, keep)
  registerBroker(state, registration({ brokerId: 0 }), 0, keep)
  assert.deepEqual([...state.brokers.get('broker-a')!.addresses], [[0, '10.0.0.1:10911']])
})

test('an id held by an address with a newer state version is not taken over', () => {
  const state = emptyRouteState()
  registerBroker(state, registration({ dataVersion: { stateVersion: 5, timestamp: 1, counter: 1 } }), 0, keep)
  const rival = registration({
    address: '10.0.0.9:10911',
    dataVersion: { stateVersion: 4, timestamp: 9, counter: 9 },
  })
  assert.equal(registerBroker(state, rival, 0, keep).kind, 'ignored')
  assert.equal(state.brokers.get('broker-a')!.addresses.get(0), '10.0.0.1:10911')
})

test('topics that a broker no longer names stay, or go when so configured', () => {
  for (const remove of [false, true]) {
    const state = emptyRouteState()
    registerBroker(state, registration(), 0, keep)
    const fewer = registration({
      topics: new Map([['T', queue('broker-a')]]),
      dataVersion: { stateVersion: 0, timestamp: 2, counter: 2 },
    })
    registerBroker(state, fewer, 0, { deleteTopicWithBrokerRegistration: remove })
    assert.equal(routeOfTopic(state, 'U', noActing) === undefined, remove)
  }
})

test('a stale unregistration leaves a fresh registration alone (upstream issue 11043)', () => {
  const state = emptyRouteState()
  registerBroker(state, registration({ connection: connection(1) }), 0, keep)
  const stale = [...state.live.values()][0]!
  registerBroker(state, registration({ connection: connection(2) }), 10, keep)
  assert.equal(unregisterBroker(state, stale), undefined)
  assert.ok(routeOfTopic(state, 'T', noActing))
})

test('the last address of a broker takes its topics and cluster along', () => {
  const state = emptyRouteState()
  registerBroker(state, registration(), 0, keep)
  unregisterBroker(state, [...state.live.values()][0]!)
  assert.deepEqual(
    [state.topics.size, state.brokers.size, state.clusters.size, state.live.size],
    [0, 0, 0, 0],
  )
})

test('a masterless broker of acting-master mode becomes read-only and its slave acts as master', () => {
  const state = emptyRouteState()
  const acting = { enableActingMaster: true }
  registerBroker(state, registration(acting), 0, keep)
  registerBroker(state, registration({ ...acting, brokerId: 2, address: '10.0.0.2:10911' }), 0, keep)
  const change = unregisterBroker(state, state.live.get('C\n10.0.0.1:10911')!)
  assert.equal(change?.offlineAddress, '10.0.0.1:10911')
  const route = routeOfTopic(state, 'T', { supportActingMaster: true })!
  assert.equal(route.queues[0]!.perm, 4)
  assert.deepEqual([...route.brokers[0]!.addresses], [[0, '10.0.0.2:10911']])
  assert.deepEqual([...routeOfTopic(state, 'T', noActing)!.brokers[0]!.addresses], [[2, '10.0.0.2:10911']])
})

test('a lease ends only after its own length since the last renewal', () => {
  const state = emptyRouteState()
  registerBroker(state, registration({ leaseMs: 1000 }), 500, keep)
  assert.equal(expiredLeases(state, 1500).length, 0)
  assert.equal(expiredLeases(state, 1501).length, 1)
})

test('write permission is wiped and added for every topic of a broker', () => {
  const state = emptyRouteState()
  registerBroker(state, registration(), 0, keep)
  assert.equal(setWritable(state, 'broker-a', false), 2)
  assert.equal(routeOfTopic(state, 'T', noActing)!.queues[0]!.perm, 4)
  assert.equal(setWritable(state, 'broker-a', true), 2)
  assert.equal(routeOfTopic(state, 'T', noActing)!.queues[0]!.perm, 6)
  assert.equal(setWritable(state, 'unknown', true), 0)
})

test('topic lists by cluster, by unit flags and of the system', () => {
  const state = emptyRouteState()
  const topics = new Map([
    ['Unit', queue('broker-a', { topicSysFlag: 1 })],
    ['Sub', queue('broker-a', { topicSysFlag: 2 })],
    ['Both', queue('broker-a', { topicSysFlag: 3 })],
  ])
  registerBroker(state, registration({ topics }), 0, keep)
  assert.deepEqual(unitTopics(state, 'unit'), ['Unit', 'Both'])
  assert.deepEqual(unitTopics(state, 'unitSub'), ['Sub', 'Both'])
  assert.deepEqual(unitTopics(state, 'unitSubWithoutUnit'), ['Sub'])
  assert.deepEqual(topicsOfCluster(state, 'C'), ['Unit', 'Sub', 'Both'])
  assert.deepEqual(topicsOfCluster(state, 'none'), [])
  assert.deepEqual(systemTopics(state), { topics: ['C', 'broker-a'], brokerAddress: '10.0.0.1:10911' })
})
