import assert from 'node:assert/strict'
import test from 'node:test'
import { AssertionError, silentLogger } from '@aerobee/base'
import { type Command, defineCommand } from '@aerobee/wire'
import { type Registration, serve, success } from './contracts.js'
import { Dispatcher } from './dispatcher.js'

const command = (
  name: string,
  code: number,
  more: { receiver?: 'client'; notServed?: string } = {},
): Command =>
  defineCommand({
    name,
    code,
    about: 'for tests',
    callers: ['client'],
    receiver: more.receiver ?? 'broker',
    access: { resource: 'none', action: 'Any' },
    request: {},
    response: {},
    ...(more.notServed === undefined ? {} : { notServed: more.notServed }),
  })
const one = command('ONE', 1)
const two = command('TWO', 2)
const handler = (served: Command): Registration => serve(served, () => success())

const refusal = (commands: Command[], registrations: Registration[]) => {
  try {
    new Dispatcher({ receiver: 'broker', commands, registrations, logger: silentLogger })
  } catch (thrown) {
    assert.ok(thrown instanceof AssertionError)
    return thrown.message
  }
  return 'accepted'
}

test('every served command has exactly one handler, or the dispatcher does not come to be', () => {
  assert.equal(refusal([one, two], [handler(one), handler(two)]), 'accepted')
  assert.equal(
    refusal([one, two], [handler(one)]),
    'request 2 TWO has no handler and is not declared notServed',
  )
  assert.equal(refusal([one], [handler(one), handler(one)]), 'request 1 ONE is registered twice')
  assert.equal(refusal([one, one], [handler(one)]), 'request 1 ONE is listed twice')
  assert.equal(
    refusal([one], [handler(one), handler(two)]),
    'request 2 TWO has a handler and is not among the commands',
  )
})

test('a command that is not served has no handler', () => {
  const later = command('LATER', 3, { notServed: 'it comes later' })
  assert.equal(refusal([later], []), 'accepted')
  assert.equal(refusal([later], [handler(later)]), 'request 3 LATER has a handler and is declared notServed')
})

test('a command for another receiver is refused', () => {
  const other = command('OTHER', 4, { receiver: 'client' })
  assert.equal(refusal([other], [handler(other)]), 'request 4 OTHER is for the client, not the broker')
})
