import assert from 'node:assert/strict'
import test from 'node:test'
import { endOfTurn, systemClock } from '@aerobee/base'
import { TurnFlusher } from './turn-flusher.js'

const turn = () => endOfTurn(systemClock)

/** Like a connection: adds itself when something is written and it is not waiting already. */
class Target {
  readonly flushes: string[] = []
  #written = ''
  #added = false
  readonly #flusher: TurnFlusher

  constructor(flusher: TurnFlusher) {
    this.#flusher = flusher
  }

  write(text: string): void {
    this.#written += text
    if (this.#added) return
    this.#added = true
    this.#flusher.add(this)
  }

  flush(): void {
    this.#added = false
    this.flushes.push(this.#written)
    this.#written = ''
  }
}

test('what a callback and its promise continuations write leaves together, in the same turn', async () => {
  const flusher = new TurnFlusher()
  const [one, other] = [new Target(flusher), new Target(flusher)]
  await new Promise<void>((resolve) =>
    systemClock.endOfTurn(() => {
      one.write('a')
      other.write('x')
      Promise.resolve()
        .then(() => one.write('b'))
        .then(() => {})
        .then(() => one.write('c'))
        .then(resolve)
      one.write('d')
    }),
  )
  await turn()
  assert.deepEqual(one.flushes, ['adbc'])
  assert.deepEqual(other.flushes, ['x'])
})

test('what an end-of-turn task writes leaves before the next one runs', async () => {
  const flusher = new TurnFlusher()
  const target = new Target(flusher)
  const flushedBefore: number[] = []
  systemClock.endOfTurn(() => target.write('acknowledged'))
  systemClock.endOfTurn(() => flushedBefore.push(target.flushes.length))
  await turn()
  assert.deepEqual(flushedBefore, [1])
})

test('what is written while flushing leaves with a flush of its own', async () => {
  const flusher = new TurnFlusher()
  const late = new Target(flusher)
  flusher.add({ flush: () => late.write('late') })
  await turn()
  assert.deepEqual(late.flushes, ['late'])
})
