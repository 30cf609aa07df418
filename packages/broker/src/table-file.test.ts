import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '@aerobee/base'
import { ManualClock } from './fakes.test.js'
import { tableFile } from './table-file.js'

function scene() {
  const clock = new ManualClock()
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
  clock.pass(199)
  assert.deepEqual(saved, [])
  clock.pass(1)
  await file.settle()
  assert.deepEqual(saved, [{ n: 1 }])
})

test('a save at once makes one that was to come soon needless', async () => {
  const { clock, saved, file } = scene()
  file.saveSoon(() => ({ soon: true }))
  file.save({ now: true })
  clock.pass(1000)
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
  clock.pass(200)
  await new Promise(setImmediate)
  assert.deepEqual(errors, ['saving x.json failed and is tried again: no space left'])
  disk.failing = false
  clock.pass(5000)
  await new Promise(setImmediate)
  assert.deepEqual(saved, [{ a: 2 }])
})
