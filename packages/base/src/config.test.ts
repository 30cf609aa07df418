import assert from 'node:assert/strict'
import test from 'node:test'
import { choiceKey, configText, flagKey, integerKey, loadConfig, textKey, unusedKeys } from './config.js'
import { isAerobeeError } from './errors.js'

const table = {
  listenPort: integerKey('port', 10911, [0, 65535]),
  brokerName: textKey('name', 'broker-a'),
  flushDiskType: choiceKey('flush', ['ASYNC_FLUSH', 'SYNC_FLUSH'], 'ASYNC_FLUSH'),
  traceOn: flagKey('trace', true),
  ...unusedKeys('warmMapedFileEnable=false\nlogicalRatio=0.8\ndeleteAt=04\nmaxThings=12'),
}

const load = (...values: Record<string, string>[]) =>
  loadConfig(
    table,
    values.map((v, i) => ({ name: `source ${i}`, values: v })),
  )
const refusal = (values: Record<string, string>) => {
  try {
    load(values)
  } catch (thrown) {
    assert.ok(isAerobeeError(thrown, 'INVALID_CONFIG'))
    return thrown.message
  }
  throw new assert.AssertionError({ message: 'the configuration was accepted' })
}

test('a later source wins over an earlier one, and defaults fill the rest', () => {
  const { config, warnings } = load({ listenPort: '1', brokerName: 'x' }, { listenPort: '2' })
  assert.equal(config.listenPort, 2)
  assert.equal(config.brokerName, 'x')
  assert.equal(config.flushDiskType, 'ASYNC_FLUSH')
  assert.deepEqual(warnings, [])
})

test('an unknown key names the nearest known one', () => {
  assert.equal(refusal({ listnPort: '1' }), 'source 0: unknown key listnPort=1; did you mean listenPort?')
})

test('a value outside its range names key, value and range', () => {
  assert.equal(
    refusal({ listenPort: '70000' }),
    'source 0: listenPort=70000 is not acceptable: expected an integer in [0, 65535]',
  )
  assert.match(refusal({ listenPort: '1.5' }), /expected an integer/)
  assert.match(refusal({ listenPort: '' }), /expected an integer/)
  assert.match(refusal({ traceOn: 'yes' }), /expected true or false/)
  assert.match(refusal({ flushDiskType: 'sync' }), /one of ASYNC_FLUSH, SYNC_FLUSH/)
})

test('a known key without effect is accepted with one warning', () => {
  const { config, warnings } = load({ warmMapedFileEnable: 'true', deleteAt: '05' })
  assert.equal((config as Record<string, unknown>).deleteAt, '05')
  assert.equal(warnings.length, 2)
  assert.match(warnings[0]!, /warmMapedFileEnable=true is a key of RocketMQ without effect here/)
})

test('keys of the prototype are unknown keys', () => {
  assert.match(refusal({ constructor: 'x' }), /unknown key constructor=x/)
})

test('the printed form is sorted by key', () => {
  assert.match(configText(load().config), /^brokerName=broker-a\ndeleteAt=04\nflushDiskType=/)
})
