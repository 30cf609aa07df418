import assert from 'node:assert/strict'
import test from 'node:test'
import { flagKey, integerKey, isAerobeeError, loadConfig, textKey } from '@aerobee/base'
import { environmentSource, fileSource, splitKeyFlags } from './config-sources.js'

const table = {
  listenPort: integerKey('port', 1, [0, 65535]),
  brokerIP1: textKey('address', ''),
  traceOn: flagKey('trace', true),
}
const bytes = (text: string) => new TextEncoder().encode(text)

test('--key value and --key=value are configuration, the command own flags are not', () => {
  const split = splitKeyFlags(
    ['dev', '--data', 'd', '--listenPort', '9', '--traceOn=false', '-p'],
    new Set(['--data']),
  )
  assert.deepEqual(split, {
    known: ['dev', '--data', 'd', '-p'],
    keys: { listenPort: '9', traceOn: 'false' },
  })
})

test('a flag without a value is refused by name', () => {
  assert.throws(() => splitKeyFlags(['--listenPort'], new Set()), /--listenPort needs a value/)
})

test('environment variables name keys in capitals or as they are', () => {
  const environment = {
    AEROBEE_LISTEN_PORT: '7',
    AEROBEE_brokerIP1: '10.0.0.1',
    AEROBEE_LOG_LEVEL: 'debug',
    PATH: '/bin',
  }
  const source = environmentSource(table, environment, new Set(['AEROBEE_LOG_LEVEL']))
  assert.deepEqual(source.values, { listenPort: '7', brokerIP1: '10.0.0.1' })
})

test('a flag wins over the environment, the environment over the file, the file over the default', () => {
  const file = fileSource('b.conf', () =>
    bytes('# comment\nlistenPort = 2\ntraceOn=false\nbrokerIP1=1.1.1.1\n'),
  )
  const environment = environmentSource(table, { AEROBEE_LISTEN_PORT: '3', AEROBEE_BROKER_IP1: '2.2.2.2' })
  const { config } = loadConfig(table, [
    file,
    environment,
    { name: 'command line', values: { listenPort: '4' } },
  ])
  assert.deepEqual(config, { listenPort: 4, brokerIP1: '2.2.2.2', traceOn: false })
})

test('a file that is missing or holds an unknown key says so', () => {
  assert.throws(
    () => fileSource('no.conf', () => undefined),
    (thrown) => isAerobeeError(thrown, 'INVALID_CONFIG') && /no.conf: no such file/.test(thrown.message),
  )
  const file = fileSource('b.conf', () => bytes('listnPort=2'))
  assert.throws(() => loadConfig(table, [file]), /b.conf: unknown key listnPort=2; did you mean listenPort\?/)
})
