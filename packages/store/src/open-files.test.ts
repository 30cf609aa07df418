import assert from 'node:assert/strict'
import test from 'node:test'
import { utf8 } from '@aerobee/base'
import { FaultFileSystem } from '@aerobee/testkit'
import { OpenFiles } from './open-files.js'

function counting(): { disk: FaultFileSystem; open: () => number } {
  const disk = new FaultFileSystem()
  let count = 0
  const plain = disk.openSync.bind(disk)
  disk.openSync = (path, options) => {
    const file = plain(path, options)
    const close = file.closeSync.bind(file)
    count += 1
    file.closeSync = () => {
      count -= 1
      close()
    }
    return file
  }
  for (let i = 0; i < 20; i++) disk.place(`/d/${i}`, utf8(`${i}`))
  return { disk, open: () => count }
}

const sizeOf = (files: OpenFiles, path: string) => files.use(path, (file) => file.sizeBytes())

test('no more files stay open than the limit says, and closed ones open again', () => {
  const { disk, open } = counting()
  const files = new OpenFiles(disk, 4)
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 20; i++) assert.equal(sizeOf(files, `/d/${i}`), i < 10 ? 1 : 2)
  }
  assert.ok(open() <= 4)
  files.close()
  assert.equal(open(), 0)
})

test('a file on which a call runs is not closed under it', async () => {
  const { disk, open } = counting()
  const files = new OpenFiles(disk, 2)
  const hold = disk.hold('read', '/d/0')
  const target = new Uint8Array(1)
  const reading = files.useAsync('/d/0', (file) => file.read(target, 0))
  await hold.reached()
  for (let i = 1; i < 10; i++) sizeOf(files, `/d/${i}`)
  files.drop('/d/0')
  hold.release()
  assert.equal(await reading, 1)
  assert.equal(target[0], 0x30)
  assert.ok(open() <= 2)
})

test('after a drop the name leads to the new file', () => {
  const { disk } = counting()
  const files = new OpenFiles(disk, 4)
  assert.equal(sizeOf(files, '/d/1'), 1)
  disk.removeSync('/d/1')
  files.drop('/d/1')
  disk.place('/d/1', utf8('longer'))
  assert.equal(sizeOf(files, '/d/1'), 6)
})

test('a closed pool opens nothing', () => {
  const { disk } = counting()
  const files = new OpenFiles(disk, 4)
  files.close()
  assert.throws(() => sizeOf(files, '/d/1'), { code: 'CLOSED' })
})
