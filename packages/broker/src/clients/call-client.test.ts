import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AerobeeError, isAerobeeError } from '@aerobee/base'
import { commands, newFrame } from '@aerobee/wire'
import { FakeConnection } from '../fakes.test.js'
import { callClient, callClientTimeoutMs } from './call-client.js'

const fields = { topic: 'T', group: 'G', timestamp: 0, isForce: true }

test('a client is asked with a deadline of 10 s unless told otherwise, and its answer comes back whole', async () => {
  const connection = new FakeConnection()
  const frame = newFrame(1, 1)
  const answer = { code: 1, remark: 'no', fields: {}, frame, body: frame.body }
  connection.onCall = () => Promise.resolve(answer)
  const body = Buffer.from('b')
  assert.equal(await callClient(connection, commands.resetConsumerClientOffset, fields), answer)
  await callClient(connection, commands.resetConsumerClientOffset, fields, { body, timeoutMs: 5 })
  const { code } = commands.resetConsumerClientOffset
  assert.deepEqual(connection.called, [
    { code, fields, options: { timeoutMs: callClientTimeoutMs } },
    { code, fields, options: { body, timeoutMs: 5 } },
  ])
})

test('a client that does not answer is a value, a fault of the program is not', async () => {
  const connection = new FakeConnection()
  connection.onCall = () => Promise.reject(new AerobeeError('TIMEOUT', 'no answer'))
  const outcome = await callClient(connection, commands.resetConsumerClientOffset, fields)
  assert.ok(isAerobeeError(outcome, 'TIMEOUT'))
  connection.onCall = () => Promise.reject(new TypeError('broken'))
  await assert.rejects(callClient(connection, commands.resetConsumerClientOffset, fields), TypeError)
})
