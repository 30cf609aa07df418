import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@aerobee/base'
import { FaultFileSystem } from '@aerobee/testkit'
import type { StoreOptions } from '../options.js'
import { Scene, type Sent } from '../store-scene.test.js'
import { parsePositions, positionsText } from './positions.js'

const firstSegment = '/store/commitlog/00000000000000000000'
const segmentBytes = 4096
const options = { mappedFileSizeCommitLog: segmentBytes }

/** A killed process's disk with messages `body 0` …, none of them known to be durable. */
async function killedDisk(
  count: number,
  own: Partial<StoreOptions> = options,
): Promise<{ disk: FaultFileSystem; sent: Sent[] }> {
  const scene = await Scene.started({ options: own })
  const sent = await scene.send(count)
  return { disk: scene.disk.afterKill(), sent }
}

function change(disk: FaultFileSystem, path: string, edit: (bytes: Uint8Array) => void): FaultFileSystem {
  const copy = disk.afterKill()
  const bytes = copy.readFileSync(path)!
  edit(bytes)
  copy.place(path, bytes)
  return copy
}

const bodies = (count: number) => Array.from({ length: count }, (_, i) => `body ${i}`)

test('a last record that is cut at any byte goes, and only it; a second crash changes nothing', async () => {
  const { disk, sent } = await killedDisk(4)
  const start = sent[3]!.outcome.physicalOffset
  const status = (await Scene.started({ disk: disk.afterKill(), options })).store.status()
  const end = status.maxPhysicalOffset
  const random = seededRandom(7)
  const fills: ((bytes: Uint8Array) => void)[] = [
    (bytes) => bytes.fill(0),
    (bytes) => bytes.set(random.bytes(bytes.length)),
  ]
  for (let at = start; at < end; at++) {
    for (const fill of fills) {
      const torn = change(disk, firstSegment, (bytes) => fill(bytes.subarray(at, end)))
      const scene = await Scene.started({ disk: torn, options })
      const kept = await scene.bodies()
      // A few bytes of garbage may by chance be text: nothing but the body has a CRC.
      const whole = kept.length === 4 && at >= end - 8
      assert.deepEqual(kept, bodies(whole ? 4 : 3), `cut at ${at - start} of ${end - start}`)
      if (whole) continue
      assert.equal(scene.store.status().maxPhysicalOffset, start)
      const image = scene.disk.readFileSync(firstSegment)!
      assert.equal(image.length, segmentBytes)
      assert.ok(
        image.subarray(start).every((byte) => byte === 0),
        'the tail is cut on disk',
      )
      if (at % 16 !== 0) continue
      const again = await Scene.started({ disk: scene.disk.afterPowerCut({ keep: 'none' }), options })
      assert.deepEqual(await again.bodies(), bodies(3))
    }
  }
})

test('a message lost in the middle of a queue hides none before it, after the next crash neither', async () => {
  const { disk, sent } = await killedDisk(20)
  for (const lost of [0, 4, 9, 10, 15, 19]) {
    const start = sent[lost]!.outcome.physicalOffset
    const torn = change(disk, firstSegment, (bytes) => bytes.fill(0, start, start + 60))
    const own = { ...options, flushIntervalConsumeQueue: 10 }
    const first = await Scene.started({ disk: torn, options: own })
    await first.send(1, {}, 20)
    const found = await first.bodies()
    await first.clock.advance(20)
    // Only the entries are on disk.
    first.disk.removeSync('/store/positions.json')
    const second = await first.killed({ options })
    assert.deepEqual(await second.bodies(), found, `message ${lost}`)
  }
})

test('a damaged record with sound ones behind it is reported and stepped over; nothing is deleted', async () => {
  const { disk, sent } = await killedDisk(40)
  const { physicalOffset } = sent[5]!.outcome
  const next = sent[6]!.outcome.physicalOffset
  let seen = 0
  for (let bit = 0; bit < (next - physicalOffset) * 8; bit += bit > 150 && bit < 230 ? 1 : 13) {
    const flipped = change(disk, firstSegment, (bytes) => {
      bytes[physicalOffset + (bit >> 3)]! ^= 1 << (bit & 7)
    })
    const before = flipped.listSync('/store/commitlog')
    const scene = await Scene.started({ disk: flipped, options })
    const found = await scene.bodies()
    const others = bodies(40).filter((_, i) => i !== 5)
    for (const body of others) assert.ok(found.includes(body), `bit ${bit}: ${body} is served`)
    assert.ok(found.length <= 40)
    assert.equal(scene.store.maxOffset('T', 0), 40, `bit ${bit}`)
    assert.deepEqual(scene.disk.listSync('/store/commitlog'), before)
    if (found.length === 40) continue
    seen += 1
    // A flipped queue id or offset has no CRC: then the gap in the queue tells.
    const reports = [`damaged from offset ${physicalOffset} to ${next}`, 'messages of T queue 0 are lost']
    assert.ok(
      scene.lines.some((line) => reports.some((report) => line.includes(report))),
      `bit ${bit}: ${scene.lines.join('\n')}`,
    )
    const [sentNow] = await scene.send(1, {}, 40)
    assert.equal(sentNow!.outcome.queueOffset, 40)
  }
  assert.ok(seen > 25, `${seen} flips were seen`)
})

test('damage found by a reader is refused and reported, and the reader goes on behind it', async () => {
  const scene = await Scene.started()
  const sent = await scene.send(10)
  await scene.stop()
  const { physicalOffset } = sent[4]!.outcome
  const damaged = change(scene.disk, firstSegment, (bytes) => {
    bytes[physicalOffset + 90]! ^= 0x40
  })
  const next = await Scene.started({ disk: damaged })
  const found = await next.bodies()
  assert.equal(next.lines.filter((line) => line.includes(`record at ${physicalOffset}`)).length >= 1, true)
  assert.deepEqual(
    found,
    bodies(10).filter((_, i) => i !== 4),
  )
  assert.equal(await next.clock.resolve(next.store.recordAt(physicalOffset)), undefined)
})

test('with enabledAppendPropCRC every flipped bit of a record is found when the store opens', async () => {
  const own = { ...options, enabledAppendPropCRC: true }
  const { disk, sent } = await killedDisk(12, own)
  const { physicalOffset } = sent[3]!.outcome
  const next = sent[4]!.outcome.physicalOffset
  for (let bit = 0; bit < (next - physicalOffset) * 8; bit += 7) {
    const flipped = change(disk, firstSegment, (bytes) => {
      bytes[physicalOffset + (bit >> 3)]! ^= 1 << (bit & 7)
    })
    const scene = await Scene.started({ disk: flipped, options: own })
    const found = await scene.bodies()
    const others = bodies(12).filter((_, i) => i !== 3)
    assert.deepEqual(found, others, `bit ${bit}`)
  }
})

test('zeros in the middle of the log, as lost sectors leave them, cost only what they hit', async () => {
  const { disk, sent } = await killedDisk(60)
  const holed = change(disk, firstSegment, (bytes) => bytes.fill(0, 512, 1536))
  const scene = await Scene.started({ disk: holed, options })
  const found = await scene.bodies()
  const lost = sent.filter(({ outcome }, i) => {
    const end = sent[i + 1]?.outcome.physicalOffset ?? 0
    return outcome.physicalOffset < 1536 && end > 512
  })
  assert.deepEqual(
    found,
    bodies(60).filter((body) => !lost.some((one) => one.body === body)),
  )
  for (const record of await scene.readAll('T', 0)) {
    assert.equal(`body ${record.queueOffset}`, Buffer.from(record.body).toString())
  }
})

test('a missing segment in the middle keeps the store from opening, and nothing is touched', async () => {
  const scene = await Scene.started({ options })
  await scene.send(120)
  await scene.stop()
  const disk = scene.disk.afterKill()
  disk.removeSync('/store/commitlog/00000000000000004096')
  const queueFiles = disk.listSync('/store/consumequeue/T/0')
  const next = new Scene({ disk, options })
  await assert.rejects(next.start(), {
    code: 'STORE_CORRUPT',
    message: /00000000000000004096 is missing: put it/,
  })
  assert.deepEqual(disk.listSync('/store/consumequeue/T/0'), queueFiles)
  const back = scene.disk.afterKill()
  assert.equal((await (await Scene.started({ disk: back, options })).bodies()).length, 120)
})

test('a missing first segment keeps the store from opening', async () => {
  const scene = await Scene.started({ options })
  await scene.send(120)
  await scene.stop()
  const disk = scene.disk.afterKill()
  disk.removeSync(firstSegment)
  await assert.rejects(new Scene({ disk, options }).start(), {
    code: 'STORE_CORRUPT',
    message: /first commit log segment 00000000000000000000 is missing/,
  })
  disk.removeSync('/store/positions.json')
  const next = await Scene.started({ disk, options })
  const found = await next.bodies()
  assert.ok(found.length > 50 && found.at(-1) === 'body 119')
})

test('a missing last segment keeps the store from opening', async () => {
  const scene = await Scene.started({ options })
  await scene.send(40)
  await scene.stop()
  const disk = scene.disk.afterKill()
  for (const name of disk.listSync('/store/commitlog').slice(1)) disk.removeSync(`/store/commitlog/${name}`)
  await assert.rejects(new Scene({ disk, options }).start(), {
    code: 'STORE_CORRUPT',
    message: /last commit log segment 00000000000000004096 is missing/,
  })
})

test('a segment of another size says which key to set', async () => {
  const { disk } = await killedDisk(5, { mappedFileSizeCommitLog: 8192 })
  await assert.rejects(new Scene({ disk, options }).start(), {
    code: 'STORE_CORRUPT',
    message: /mappedFileSizeCommitLog=4096/,
  })
})

test('damage in what was once durable is never taken for a torn tail', async () => {
  const scene = await Scene.started({ options })
  const sent = await scene.send(10)
  await scene.clock.advance(2000)
  const { physicalOffset } = sent[9]!.outcome
  const damaged = change(scene.disk, firstSegment, (bytes) => {
    bytes[physicalOffset + 90]! ^= 1
  })
  damaged.removeTreeSync('/store/index')
  const next = await Scene.started({ disk: damaged, options })
  assert.deepEqual(await next.bodies(), bodies(9))
  assert.equal(next.store.maxOffset('T', 0), 10)
  assert.equal((await next.send(1, {}, 10))[0]!.outcome.queueOffset, 10)
  assert.ok(next.disk.readFileSync(firstSegment)![physicalOffset]! + 1 > 0)
})

test('after a kill the unused gigabytes behind the end are cut rather than read', async () => {
  const big = { mappedFileSizeCommitLog: 1 << 30, messageIndexEnable: false }
  const { disk } = await killedDisk(10, big)
  disk.openSync('/store/commitlog/00000000001073741824', { create: true, sizeBytes: 1 << 30 }).closeSync()
  const scene = await Scene.started({ disk, options: big })
  assert.deepEqual(await scene.bodies(), bodies(10))
  const { bytesRead } = disk.totals()
  assert.ok(bytesRead < 20 * 2 ** 20, `${bytesRead} bytes were read`)
})

test('records behind the end that the positions know are read, not overwritten', async () => {
  const scene = await Scene.started({ options })
  await scene.send(10)
  await scene.stop()
  const early = scene.disk.afterKill()
  const later = await Scene.started({ disk: scene.disk.afterKill(), options })
  await later.send(5, {}, 10)
  await later.stop()
  const disk = later.disk.afterKill()
  for (const name of ['positions.json', 'checkpoint']) {
    disk.place(`/store/${name}`, early.readFileSync(`/store/${name}`)!)
  }
  const next = await Scene.started({ disk, options })
  assert.deepEqual(await next.bodies(), bodies(15))
})

test('after a clean stop a log of 10 GiB opens without being read', async () => {
  const big = { mappedFileSizeCommitLog: 1 << 30, maxMessageSize: 1 << 29, messageIndexEnable: false }
  const disk = new FaultFileSystem()
  const scene = await Scene.started({ disk, options: { ...big, mappedFileSizeCommitLog: 1 << 30 } })
  await scene.send(10)
  await scene.stop()
  const image = disk.afterKill()
  // Nine more segments, of which the last one holds the end.
  const positions = parsePositions(Buffer.from(image.readFileSync('/store/positions.json')!).toString())
  assert.ok(positions.ok)
  const end = 9 * 2 ** 30 + 8192
  for (let i = 1; i < 10; i++) {
    const name = String(i * 2 ** 30).padStart(20, '0')
    image.openSync(`/store/commitlog/${name}`, { create: true, sizeBytes: 1 << 30 }).closeSync()
  }
  image.place('/store/positions.json', Buffer.from(positionsText({ ...positions.value, dispatched: end })))
  const next = await Scene.started({ disk: image, options: big })
  assert.equal(next.store.status().maxPhysicalOffset, end)
  const { bytesRead } = image.totals()
  assert.ok(bytesRead < 100 * 2 ** 20, `${bytesRead} bytes were read`)
  assert.equal((await next.send(1, {}, 10))[0]!.outcome.queueOffset, 10)
})
