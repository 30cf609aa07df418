import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import test from 'node:test'
import { stopOnSignals } from './shutdown.js'

function host() {
  const events = new EventEmitter()
  const exits: number[] = []
  let written = ''
  return {
    exits,
    text: () => written,
    emit: (signal: string) => events.emit(signal),
    on: (event: string, run: () => void) => events.on(event, run),
    exit: (code: number) => void exits.push(code),
    writeError: (line: string) => {
      written += line
    },
  }
}

test('the first signal stops cleanly and exits 0', async () => {
  const process = host()
  let finish = () => {}
  const stopped = new Promise<void>((resolve) => {
    finish = resolve
  })
  stopOnSignals(process, () => stopped)
  process.emit('SIGTERM')
  assert.deepEqual(process.exits, [])
  finish()
  await stopped
  await Promise.resolve()
  assert.deepEqual(process.exits, [0])
})

test('a second signal forces the exit', () => {
  const process = host()
  stopOnSignals(process, () => new Promise(() => {}))
  process.emit('SIGINT')
  process.emit('SIGINT')
  assert.deepEqual(process.exits, [130])
})

test('a stop that fails exits 1 and says why', async () => {
  const process = host()
  stopOnSignals(process, () => Promise.reject(new Error('disk gone')))
  process.emit('SIGINT')
  await new Promise(setImmediate)
  assert.deepEqual(process.exits, [1])
  assert.match(process.text(), /stopping failed: disk gone/)
})
