import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flagKey, integerKey, textKey, utf8 } from '@aerobee/base'
import { RunTimeConfig } from './run-time-config.js'

const table = {
  fileReservedTime: integerKey('hours', 72, [1, 1000], { dynamic: true }),
  traceOn: flagKey('trace', true, { dynamic: true }),
  note: textKey('free text', '', { dynamic: true }),
  listenPort: integerKey('port', 10911, [0, 65535]),
}

function scene(held?: string) {
  const config = { fileReservedTime: 72, traceOn: true, note: '', listenPort: 10911 }
  const clock = { now: 1000, wallMs: () => clock.now }
  const file = {
    text: held,
    failing: false,
    load: () => file.text,
    save(text: string) {
      if (file.failing) throw new Error('disk full')
      file.text = text
    },
  }
  return { config, clock, file, runTime: new RunTimeConfig(table, config, file, clock) }
}

const refusal = (runTime: RunTimeConfig, text: string) => runTime.update(utf8(text))?.code

test('dynamic keys take effect at once, and the configuration has a new version', () => {
  const { config, clock, runTime } = scene()
  assert.deepEqual(runTime.version, { counter: 0, stateVersion: 0, timestamp: 1000 })
  clock.now = 2000
  assert.equal(runTime.update(utf8('fileReservedTime=71\ntraceOn = false\n')), undefined)
  assert.deepEqual(config, { fileReservedTime: 71, traceOn: false, note: '', listenPort: 10911 })
  assert.deepEqual(runTime.version, { counter: 1, stateVersion: 0, timestamp: 2000 })
})

test('a key that may not change refuses the whole request', () => {
  const { config, file, runTime } = scene()
  assert.deepEqual(runTime.update(utf8('fileReservedTime=71\nlistenPort=1\ntraceOn=false')), {
    code: 16,
    remark: 'Can not update config in black list.',
  })
  assert.equal(config.fileReservedTime, 72)
  assert.equal(config.traceOn, true)
  assert.equal(file.text, undefined)
  assert.equal(runTime.version.counter, 0)
})

test('a value outside its range refuses the whole request', () => {
  const { config, runTime } = scene()
  const refused = runTime.update(utf8('traceOn=false\nfileReservedTime=0'))
  assert.equal(refused?.code, 29)
  assert.match(refused.remark, /fileReservedTime=0 is not acceptable: expected an integer in \[1, 1000\]/)
  assert.equal(config.traceOn, true)
})

test('text that is no properties text is refused, unknown keys and nothing at all are accepted', () => {
  const { runTime, file } = scene()
  assert.deepEqual(runTime.update(utf8('note=\\u12')), { code: 1, remark: 'string2Properties error' })
  assert.equal(refusal(runTime, ''), undefined)
  assert.equal(refusal(runTime, 'noSuchKey=1'), undefined)
  assert.equal(refusal(runTime, '__proto__=1\nconstructor=2'), undefined)
  assert.equal(file.text, undefined)
  assert.equal(runTime.version.counter, 0)
})

test('the file keeps what it held and gets the changed keys', () => {
  const { runTime, file } = scene('# ours\nlistenPort=20911\nfileReservedTime=10\n')
  assert.equal(refusal(runTime, 'fileReservedTime=71'), undefined)
  assert.equal(file.text, 'fileReservedTime=71\nlistenPort=20911\n')
})

test('nothing is applied when the file cannot be written', () => {
  const { config, file, runTime } = scene()
  file.failing = true
  assert.throws(() => runTime.update(utf8('fileReservedTime=71')), /disk full/)
  assert.equal(config.fileReservedTime, 72)
  assert.equal(runTime.version.counter, 0)
})

test('the text lists all keys in order, and reads back', () => {
  const { runTime } = scene()
  assert.equal(refusal(runTime, 'note=a\\\\b\\nc'), undefined)
  assert.equal(runTime.text(), 'fileReservedTime=72\nlistenPort=10911\nnote=a\\\\b\\nc\ntraceOn=true\n')
})

test('hidden keys are not in the text', () => {
  const { config, clock } = scene()
  const runTime = new RunTimeConfig(table, config, undefined, clock, new Set(['note', 'traceOn']))
  assert.equal(runTime.text(), 'fileReservedTime=72\nlistenPort=10911\n')
})
