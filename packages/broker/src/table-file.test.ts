import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '@aerobee/base'
import { VirtualClock } from '@aerobee/testkit'

import { tableFile } from './table-file.js'

function scene() {
  const clock = new VirtualClock()
  const saved: object[] = []
  const errors: string[] = []
  const disk = { failing: false }
  const file = tableFile(
    {
      load: () => ({ a: 1 }),
      save: (document) => void saved.push(document),
      saveInBackground: async (document) => {
        if (disk.failing) throw new Error('no space left')
        saved.push(document)
      },
    },
    { name: 'x.json', clock, logger: { ...silentLogger, error: (message) => void errors.push(message) } },
  )
  return { clock, saved, errors, disk, file }
}

test('changes that come close together are written once, with the last state', async () => {
  const { clock, saved, file } = scene()
  let n = 0
  for (let i = 0; i < 3; i++) file.saveSoon(() => ({ n: ++n }))
  await clock.advance(199)
  assert.deepEqual(saved, [])
  await clock.advance(1)
  await file.settle()
  assert.deepEqual(saved, [{ n: 1 }])
})

test('a save at once makes one that was to come soon needless', async () => {
  const { clock, saved, file } = scene()
  file.saveSoon(() => ({ soon: true }))
  file.save({ now: true })
  await clock.advance(1000)
  await file.settle()
  assert.deepEqual(saved, [{ now: true }])
})

test('settling writes what was to come soon', async () => {
  const { saved, file } = scene()
  file.saveSoon(() => ({ last: true }))
  await file.settle()
  assert.deepEqual(saved, [{ last: true }])
  assert.deepEqual(file.load(), { a: 1 })
})

test('a failure is logged, and the write is tried again', async () => {
  const { clock, saved, errors, disk, file } = scene()
  disk.failing = true
  file.saveSoon(() => ({ a: 2 }))
  await clock.advance(200)
  await new Promise(setImmediate)
  assert.deepEqual(errors, ['saving x.json failed and is tried again: no space left'])
  disk.failing = false
  await clock.advance(5000)
  await new Promise(setImmediate)
  assert.deepEqual(saved, [{ a: 2 }])
})
