import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AerobeeError, utf8 } from '@aerobee/base'
import { crashAtEveryStep } from './fault-file/crash-run.js'
import { ProcessKilled } from './fault-file/faults.js'
import { FaultFileSystem } from './fault-file-system.js'

const filled = (count: number, value: number) => new Uint8Array(count).fill(value)
const errno = (code: string) => (thrown: unknown) => {
  assert.ok(thrown instanceof AerobeeError && thrown.code === 'IO_FAILED')
  assert.equal((thrown.cause as { code: string }).code, code)
  return true
}

function diskWith(path: string, content: Uint8Array): FaultFileSystem {
  const disk = new FaultFileSystem()
  disk.place(path, content)
  return disk
}

test('what is written is read back, across pages and with holes as zeros', () => {
  const disk = new FaultFileSystem()
  disk.makeDirectorySync('/a/b')
  const file = disk.openSync('/a/b/log', { create: true })
  file.writeSync(filled(5000, 7), 3000)
  const target = new Uint8Array(9000)
  assert.equal(file.readSync(target, 0), 8000)
  assert.deepEqual([target[2999], target[3000], target[7999]], [0, 7, 7])
  assert.deepEqual(disk.listSync('/a/b'), ['log'])
  assert.equal(disk.infoSync('/a/b/log')?.sizeBytes, 8000)
  assert.equal(disk.infoSync('/a/b/none'), undefined)
  assert.equal(disk.readFileSync('/a/b/none'), undefined)
})

test('a sparse file of 1 GiB costs no pages, and truncation cuts and zeroes', () => {
  const disk = new FaultFileSystem({ capacityBytes: 8 * 4096 })
  const file = disk.openSync('/big', { create: true, sizeBytes: 2 ** 30 })
  assert.equal(file.sizeBytes(), 2 ** 30)
  file.writeSync(filled(10, 1), 2 ** 29)
  assert.equal(disk.spaceSync('/').usableBytes, 7 * 4096)
  file.truncateSync(2 ** 29 + 4)
  file.truncateSync(2 ** 30)
  const target = new Uint8Array(6)
  file.readSync(target, 2 ** 29)
  assert.deepEqual([...target], [1, 1, 1, 1, 0, 0])
})

test('a power cut takes un-synced bytes, a kill does not', () => {
  const disk = diskWith('/f', filled(1024, 1))
  const file = disk.openSync('/f')
  file.writeSync(filled(1024, 2), 0)
  assert.deepEqual(disk.afterKill().readFileSync('/f'), filled(1024, 2))
  assert.deepEqual(disk.afterPowerCut({ keep: 'none' }).readFileSync('/f'), filled(1024, 1))
  assert.deepEqual(disk.afterPowerCut({ keep: 'all' }).readFileSync('/f'), filled(1024, 2))
  file.datasyncSync()
  assert.deepEqual(disk.afterPowerCut({ keep: 'none' }).readFileSync('/f'), filled(1024, 2))
})

test('what survives of un-synced bytes is a seeded choice of whole sectors', () => {
  const disk = diskWith('/f', filled(8192, 1))
  disk.openSync('/f').writeSync(filled(8192, 2), 0)
  const seen = new Set<string>()
  for (let seed = 1; seed <= 20; seed++) {
    const bytes = disk.afterPowerCut({ seed }).readFileSync('/f')!
    const sectors: number[] = []
    for (let at = 0; at < bytes.length; at += 512) {
      const sector = bytes.subarray(at, at + 512)
      assert.ok(sector.every((byte) => byte === sector[0]))
      sectors.push(sector[0]!)
    }
    assert.deepEqual(disk.afterPowerCut({ seed }).readFileSync('/f'), bytes, `seed ${seed} repeats`)
    seen.add(sectors.join(''))
  }
  assert.ok(seen.size > 15)
})

test('un-synced growth and truncation survive only by chance', () => {
  const disk = diskWith('/f', filled(1000, 1))
  const file = disk.openSync('/f')
  file.truncateSync(100)
  assert.deepEqual(disk.afterPowerCut({ keep: 'none' }).readFileSync('/f'), filled(1000, 1))
  file.truncateSync(3000)
  const sizes = new Set<number>()
  for (let seed = 1; seed < 30; seed++) {
    const bytes = disk.afterPowerCut({ seed }).readFileSync('/f')!
    sizes.add(bytes.length)
    if (bytes.length === 1000) assert.ok(bytes.subarray(0, 100).every((byte) => byte === 1))
  }
  assert.deepEqual([...sizes].sort(), [1000, 3000])
  file.datasyncSync()
  assert.equal(disk.afterPowerCut({ keep: 'none' }).infoSync('/f')?.sizeBytes, 3000)
})

test('names are durable only after a sync of their directory', () => {
  const disk = new FaultFileSystem()
  disk.place('/d/old', utf8('old'))
  disk.openSync('/d/new', { create: true }).datasyncSync()
  disk.removeSync('/d/old')
  assert.deepEqual(disk.afterPowerCut({ keep: 'none' }).listSync('/d'), ['old'])
  assert.deepEqual(disk.afterKill().afterPowerCut({ keep: 'none' }).listSync('/d'), ['old'])
  disk.syncDirectorySync('/d')
  assert.deepEqual(disk.afterPowerCut({ keep: 'none' }).listSync('/d'), ['new'])
})

test('a rename is atomic: old or new, never neither', () => {
  const disk = new FaultFileSystem()
  disk.place('/d/file', utf8('old'))
  const next = disk.openSync('/d/file.tmp', { create: true })
  next.writeSync(utf8('new'), 0)
  next.datasyncSync()
  disk.syncDirectorySync('/d')
  disk.renameSync('/d/file.tmp', '/d/file')
  const seen = new Set<string>()
  for (let seed = 1; seed < 20; seed++) {
    const image = disk.afterPowerCut({ seed })
    seen.add(`${image.listSync('/d')} ${Buffer.from(image.readFileSync('/d/file')!)}`)
  }
  assert.deepEqual([...seen].sort(), ['file new', 'file,file.tmp old'])
})

test('a directory that was not synced into its parent goes with all it holds', () => {
  const disk = new FaultFileSystem()
  disk.makeDirectorySync('/a/b')
  disk.openSync('/a/b/f', { create: true }).datasyncSync()
  disk.syncDirectorySync('/a/b')
  assert.equal(disk.afterPowerCut({ keep: 'none' }).infoSync('/a'), undefined)
  disk.syncDirectorySync('/')
  assert.deepEqual(disk.afterPowerCut({ keep: 'none' }).listSync('/a'), [])
  disk.syncDirectorySync('/a')
  assert.deepEqual(disk.afterPowerCut({ keep: 'none' }).listSync('/a/b'), ['f'])
  disk.removeTreeSync('/a')
  assert.deepEqual(disk.listSync('/'), [])
})

test('after the kill every call throws the marker, and the last write stands', async () => {
  const disk = diskWith('/f', filled(4, 0))
  const file = disk.openSync('/f')
  disk.killAfterStep(2)
  file.writeSync(filled(4, 1), 0)
  file.writeSync(filled(4, 2), 0)
  assert.throws(() => file.writeSync(filled(4, 3), 0), ProcessKilled)
  await assert.rejects(file.datasync(), ProcessKilled)
  assert.throws(() => disk.listSync('/'), ProcessKilled)
  assert.throws(() => disk.openSync('/f'), ProcessKilled)
  await disk.faults.whenKilled
  assert.deepEqual(disk.afterKill().readFileSync('/f'), filled(4, 2))
})

test('a torn kill leaves the write in part and throws at once', () => {
  const disk = diskWith('/f', filled(100, 0))
  disk.killAfterStep(1, true)
  assert.throws(() => disk.openSync('/f').writeSync(filled(100, 9), 0), ProcessKilled)
  const written = disk.afterKill().readFileSync('/f')!.lastIndexOf(9) + 1
  assert.ok(written > 0 && written < 100, `${written} bytes`)
})

test('ENOSPC: what fits is written, overwriting needs no room, removal gives room back', () => {
  const disk = new FaultFileSystem({ capacityBytes: 3 * 4096 })
  const file = disk.openSync('/f', { create: true })
  file.writeSync(filled(8192, 1), 0)
  assert.throws(() => file.writeSync(filled(8192, 2), 8192), errno('ENOSPC'))
  assert.equal(file.sizeBytes(), 12288)
  file.writeSync(filled(8192, 3), 0)
  assert.throws(() => disk.openSync('/g', { create: true }).writeSync(filled(1, 1), 0), errno('ENOSPC'))
  disk.removeSync('/f')
  disk.openSync('/g').writeSync(filled(1, 1), 0)
  assert.equal(disk.spaceSync('/').usableBytes, 2 * 4096)
})

test('rules fail the n-th matching call of a path, for as often as told', async () => {
  const disk = diskWith('/log/1', filled(10, 0))
  disk.place('/queue/1', filled(10, 0))
  const log = disk.openSync('/log/1')
  const queue = disk.openSync('/queue/1')
  disk.fail({ call: 'write', path: '/log/', nth: 2, times: 2, errno: 'ENOSPC' })
  const heal = disk.fail({ call: 'read', path: /queue/, times: Number.POSITIVE_INFINITY })
  log.writeSync(filled(1, 1), 0)
  queue.writeSync(filled(1, 1), 0)
  assert.throws(() => log.writeSync(filled(1, 2), 0), errno('ENOSPC'))
  await assert.rejects(log.write(filled(1, 2), 0), errno('ENOSPC'))
  log.writeSync(filled(1, 3), 0)
  await assert.rejects(queue.read(new Uint8Array(1), 0), errno('EIO'))
  assert.throws(() => disk.readFileSync('/queue/1'), errno('EIO'))
  heal()
  assert.equal(await queue.read(new Uint8Array(1), 0), 1)
})

test('a failed write with torn leaves a prefix', () => {
  const disk = diskWith('/f', filled(1000, 0))
  disk.fail({ call: 'write', torn: true })
  assert.throws(() => disk.openSync('/f').writeSync(filled(1000, 5), 0), errno('EIO'))
  assert.ok(disk.readFileSync('/f')!.lastIndexOf(5) < 999)
})

test('after a failed datasync the next one succeeds and yet the bytes are not durable', async () => {
  const disk = diskWith('/f', filled(1024, 1))
  const file = disk.openSync('/f')
  disk.fail({ call: 'datasync' })
  file.writeSync(filled(512, 2), 0)
  await assert.rejects(file.datasync(), errno('EIO'))
  file.writeSync(filled(512, 3), 512)
  await file.datasync()
  const image = disk.afterPowerCut({ keep: 'none' }).readFileSync('/f')!
  assert.deepEqual([image[0], image[512]], [1, 3])
  assert.equal(disk.readFileSync('/f')![0], 2)
  file.writeSync(filled(512, 4), 0)
  await file.datasync()
  assert.equal(disk.afterPowerCut({ keep: 'none' }).readFileSync('/f')![0], 4)
})

test('a held datasync is durable only when released, and carries only what was written before it', async () => {
  const disk = diskWith('/f', filled(1024, 1))
  const file = disk.openSync('/f')
  const hold = disk.hold('datasync', '/f')
  file.writeSync(filled(512, 2), 0)
  let done = false
  const sync = file.datasync().then(() => {
    done = true
  })
  await hold.reached()
  file.writeSync(filled(512, 3), 512)
  assert.equal(hold.waiting, 1)
  assert.equal(disk.afterPowerCut({ keep: 'none' }).readFileSync('/f')![0], 1)
  assert.equal(done, false)
  hold.release()
  await sync
  const image = disk.afterPowerCut({ keep: 'none' }).readFileSync('/f')!
  assert.deepEqual([image[0], image[512]], [2, 1])
})

test('two datasyncs that end in the other order leave the newer bytes', async () => {
  const disk = diskWith('/f', filled(512, 1))
  const file = disk.openSync('/f')
  const hold = disk.hold('datasync', '/f')
  file.writeSync(filled(512, 2), 0)
  const slow = file.datasync()
  await hold.reached()
  file.writeSync(filled(512, 3), 0)
  file.datasyncSync()
  hold.release()
  await slow
  assert.equal(disk.afterPowerCut({ keep: 'none' }).readFileSync('/f')![0], 3)
})

test('an image is independent of the disk it came from', () => {
  const disk = diskWith('/f', filled(10, 1))
  const file = disk.openSync('/f')
  file.writeSync(filled(10, 2), 0)
  const image = disk.afterKill()
  image.openSync('/f').writeSync(filled(10, 3), 0)
  file.writeSync(filled(5, 4), 0)
  assert.equal(disk.readFileSync('/f')![9], 2)
  assert.equal(image.readFileSync('/f')![0], 3)
})

test('counters tell reads, writes and datasyncs per path', () => {
  const disk = diskWith('/a/1', filled(10, 1))
  const file = disk.openSync('/a/1')
  file.writeSync(filled(7, 1), 0)
  file.readSync(new Uint8Array(100), 0)
  file.datasyncSync()
  assert.deepEqual(disk.counters('/a/1'), {
    reads: 1,
    writes: 1,
    bytesRead: 10,
    bytesWritten: 7,
    datasyncs: 1,
  })
  assert.equal(disk.totals(/^\/a\//).bytesWritten, 7)
})

test('closed and read-only handles refuse, an open handle outlives its name', () => {
  const disk = diskWith('/f', filled(3, 1))
  assert.throws(() => disk.openSync('/f', { readOnly: true }).writeSync(filled(1, 1), 0), errno('EBADF'))
  const file = disk.openSync('/f')
  disk.removeSync('/f')
  assert.equal(file.readSync(new Uint8Array(3), 0), 3)
  file.closeSync()
  assert.throws(() => file.readSync(new Uint8Array(3), 0), errno('EBADF'))
  assert.throws(() => disk.openSync('/f'), errno('ENOENT'))
})

test('the crash run finds a save that forgets to sync, and passes one that does not', async () => {
  const save = (sync: boolean) => (disk: FaultFileSystem) => {
    const file = disk.openSync('/c/x.tmp', { create: true })
    file.writeSync(filled(2000, 2), 0)
    if (sync) file.datasyncSync()
    disk.renameSync('/c/x.tmp', '/c/x')
    disk.syncDirectorySync('/c')
  }
  const run = (sync: boolean) =>
    crashAtEveryStep({
      prepare: (disk) => disk.place('/c/x', filled(1000, 1)),
      script: save(sync),
      verify: ({ disk }) => {
        const bytes = disk.readFileSync('/c/x')!
        assert.ok(bytes.length > 0 && bytes.every((byte) => byte === bytes.length / 1000))
      },
    })
  assert.equal(await run(true), 25)
  await assert.rejects(run(false), /power-cut after step/)
})
