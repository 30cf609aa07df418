import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAerobeeError, utf8 } from '@aerobee/base'
import { FaultFileSystem } from '@aerobee/testkit'
import { machineProbe, type ProcessProbe } from './process-probe.js'
import { StoreLock } from './store-lock.js'

/** Processes by id, with their start times, on a machine that was started at `boot`. */
function processes(alive: Map<number, string>, boot: string | undefined = 'boot-1') {
  return (pid: number, java?: { inode: number; pid: number }): ProcessProbe => ({
    pid,
    bootId: () => boot,
    alive: (other) => alive.has(other),
    startTime: (other) => alive.get(other),
    javaLockHolder: (inode) => (java?.inode === inode ? java.pid : undefined),
  })
}

const lockedBy = (pid: number) => (thrown: unknown) =>
  isAerobeeError(thrown, 'STORE_LOCKED') && thrown.message.includes(`in use by process ${pid}`)
const holders = (disk: FaultFileSystem) => disk.listSync('/store/lock.holders')

test('a second start fails naming the holder, until the holder stops', () => {
  const disk = new FaultFileSystem()
  const probe = processes(
    new Map([
      [10, '100'],
      [11, '200'],
    ]),
  )
  const first = new StoreLock(disk, probe(10), '/store')
  first.acquire()
  const second = new StoreLock(disk, probe(11), '/store')
  assert.throws(() => second.acquire(), lockedBy(10))
  assert.deepEqual(holders(disk), ['10-100-boot-1'])
  first.release()
  second.acquire()
  assert.throws(() => first.acquire(), lockedBy(11))
  assert.equal(Buffer.from(disk.readFileSync('/store/lock')!).toString(), 'lock')
})

test('one process cannot open a store twice', () => {
  const disk = new FaultFileSystem()
  const probe = processes(new Map([[10, '100']]))
  const first = new StoreLock(disk, probe(10), '/store')
  first.acquire()
  assert.throws(() => new StoreLock(disk, probe(10), '/store').acquire(), lockedBy(10))
  first.release()
  new StoreLock(disk, probe(10), '/store').acquire()
})

test('a killed holder, one whose id was given away and one from before a restart do not hold', () => {
  const disk = new FaultFileSystem()
  const alive = new Map([[10, '100']])
  new StoreLock(disk, processes(alive)(10), '/store').acquire()
  const killed = disk.afterKill()
  new StoreLock(killed, processes(new Map([[11, '200']]))(11), '/store').acquire()
  assert.deepEqual(holders(killed), ['11-200-boot-1'])
  const reused = disk.afterKill()
  new StoreLock(
    reused,
    processes(
      new Map([
        [10, '555'],
        [11, '600'],
      ]),
    )(11),
    '/store',
  ).acquire()
  assert.deepEqual(holders(reused), ['11-600-boot-1'])
  const sameId = disk.afterKill()
  new StoreLock(sameId, processes(new Map([[10, '555']]))(10), '/store').acquire()
  assert.deepEqual(holders(sameId), ['10-555-boot-1'])
  const restarted = disk.afterPowerCut({ keep: 'all' })
  new StoreLock(
    restarted,
    processes(
      new Map([
        [10, '100'],
        [11, '9'],
      ]),
      'boot-2',
    )(11),
    '/store',
  ).acquire()
  assert.deepEqual(holders(restarted), ['11-9-boot-2'])
})

test('where only liveness is known, a live process of that id holds', () => {
  const alive = new Set([10, 11])
  const probe = (pid: number): ProcessProbe => ({
    pid,
    bootId: () => undefined,
    alive: (other) => alive.has(other),
    startTime: () => undefined,
    javaLockHolder: () => undefined,
  })
  const disk = new FaultFileSystem()
  new StoreLock(disk, probe(10), '/store').acquire()
  assert.throws(() => new StoreLock(disk, probe(11), '/store').acquire(), lockedBy(10))
  alive.delete(10)
  new StoreLock(disk, probe(11), '/store').acquire()
  assert.deepEqual(holders(disk), ['11-0-0'])
})

test('however two starts interleave, at most one gets the store', () => {
  const alive = new Map([
    [10, '100'],
    [11, '200'],
  ])
  // The other one runs wholly between two steps of the first.
  for (let step = 1; step < 20; step++) {
    const disk = new FaultFileSystem()
    let holding = 0
    const attempt = (pid: number) => {
      try {
        new StoreLock(disk, processes(alive)(pid), '/store').acquire()
        holding += 1
      } catch (thrown) {
        assert.ok(isAerobeeError(thrown, 'STORE_LOCKED'))
      }
    }
    let calls = 0
    const list = disk.listSync.bind(disk)
    const openSync = disk.openSync.bind(disk)
    const between = () => {
      if (++calls === step) attempt(11)
    }
    disk.listSync = (directory) => {
      between()
      const names = list(directory)
      between()
      return names
    }
    disk.openSync = (path, options) => {
      between()
      const file = openSync(path, options)
      between()
      return file
    }
    attempt(10)
    assert.ok(holding <= 1, `step ${step}`)
  }
})

test("a Java broker's kernel lock on the file is seen", () => {
  const disk = new FaultFileSystem()
  disk.place('/store/lock', utf8('lock'))
  const inode = disk.infoSync('/store/lock')!.inode!
  const probe = processes(new Map([[10, '100']]))
  const lock = new StoreLock(disk, probe(10, { inode, pid: 77 }), '/store')
  assert.throws(() => lock.acquire(), lockedBy(77))
  new StoreLock(disk, probe(10, { inode: inode + 1, pid: 77 }), '/store').acquire()
})

test('the machine probe reads /proc', () => {
  const disk = new FaultFileSystem()
  const stat = `4711 (node (x) y) S ${Array.from({ length: 40 }, (_, i) => i + 4).join(' ')}`
  disk.place('/proc/4711/stat', utf8(stat))
  disk.place('/proc/4711/comm', utf8('java\n'))
  disk.place('/proc/sys/kernel/random/boot_id', utf8('abc-def\n'))
  const lines = [
    '1: FLOCK  ADVISORY  WRITE 4711 fe:01:131090 0 EOF',
    '2: POSIX  ADVISORY  READ  4711 fe:01:131091 0 0',
    '3: POSIX  ADVISORY  WRITE 4710 fe:01:131092 0 0',
    '4: POSIX  ADVISORY  WRITE 4711 fe:01:131092 0 0',
  ]
  disk.place('/proc/locks', utf8(`${lines.join('\n')}\n`))
  const probe = machineProbe(disk)
  assert.equal(probe.startTime(4711), '22')
  assert.equal(probe.startTime(4712), undefined)
  assert.equal(probe.bootId(), 'abc-def')
  assert.deepEqual(
    [131090, 131091, 131092].map((inode) => probe.javaLockHolder(inode)),
    [undefined, undefined, 4711],
  )
  assert.equal(probe.alive(probe.pid), true)
  assert.equal(probe.alive(2 ** 30), false)
})
