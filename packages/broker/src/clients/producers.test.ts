import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@aerobee/base'
import { VirtualClock } from '@aerobee/testkit'
import { FakeConnection } from '../fakes.test.js'
import { Producers } from './producers.js'

function scene() {
  const producers = new Producers(new VirtualClock())
  const join = (group: string, clientId: string, connection = new FakeConnection()) => {
    producers.register(group, { connection, clientId, language: 'JAVA', version: 479 })
    return connection
  }
  return { producers, join }
}

test('members of a group take turns; one that cannot take more is passed over as long as another can', () => {
  const { producers, join } = scene()
  assert.equal(producers.next('G'), undefined)
  const [a, b, c] = [join('G', 'a'), join('G', 'b'), join('G', 'c')]
  assert.deepEqual(
    [1, 2, 3, 4].map(() => producers.next('G')),
    [a, b, c, a],
  )
  Object.assign(b, { outboundBytes: limits.outboundPauseBytes })
  assert.deepEqual(
    [1, 2, 3].map(() => producers.next('G')),
    [c, a, c],
  )
  for (const member of [a, c]) Object.assign(member, { outboundBytes: limits.outboundPauseBytes })
  assert.ok(producers.next('G'))
  for (const member of [a, b, c]) member.state = 'closed'
  assert.equal(producers.next('G'), undefined)
  producers.leaveAll(a)
  assert.equal(join('G', 'd'), producers.next('G'))
})

test('a client is found by its id until the last of its groups is left', () => {
  const { producers, join } = scene()
  const first = join('G', 'id')
  join('H', 'id', first)
  producers.leave('G', first)
  assert.equal(producers.connectionOf('id'), first)
  const second = join('G', 'id')
  producers.leaveAll(first)
  assert.equal(producers.connectionOf('id'), second)
  join('G', 'other', second)
  assert.deepEqual([producers.connectionOf('id'), producers.connectionOf('other')], [undefined, second])
  producers.leaveAll(second)
  assert.equal(producers.connectionOf('other'), undefined)
})
