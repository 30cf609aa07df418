import assert from 'node:assert/strict'
import test from 'node:test'
import { withNamespace, withoutNamespace } from './namespace.js'

test('a namespace stands before the name and behind the prefixes of retries and dead letters', () => {
  const pairs = [
    ['T', 'ns%T'],
    ['%RETRY%g', '%RETRY%ns%g'],
    ['%DLQ%g', '%DLQ%ns%g'],
    ['TBW102', 'TBW102'],
    ['rmq_sys_REVIVE_LOG_c', 'rmq_sys_REVIVE_LOG_c'],
    ['CID_RMQ_SYS_x', 'CID_RMQ_SYS_x'],
  ] as const
  for (const [user, real] of pairs) {
    assert.equal(withNamespace('ns', user), real)
    assert.equal(withNamespace('ns', real), real)
    assert.equal(withoutNamespace('ns', real), user)
    assert.equal(withoutNamespace('ns', user), user)
  }
  assert.equal(withNamespace(undefined, 'T'), 'T')
  assert.equal(withoutNamespace('', 'ns%T'), 'ns%T')
})
