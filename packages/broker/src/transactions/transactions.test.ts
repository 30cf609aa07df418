import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeProperties, findProperty, propertyText } from '@aerobee/wire'
import { givenUpTopic, halfTopic, opTopic, TransactionScene } from './transaction-scene.test.js'

const checkEvery = 30_000

test('a prepared message waits in the half topic, and its commit brings it to where it belongs', async () => {
  const scene = await TransactionScene.started()
  const producer = scene.producer()
  const half = await producer.prepare('m', { properties: propertyText('TAGS', 'a') })
  assert.deepEqual(await scene.bodies('T'), [])
  const [stored] = await scene.queue(halfTopic)
  const properties = decodeProperties(stored!.properties)
  assert.deepEqual(
    ['REAL_TOPIC', 'REAL_QID', '__transactionId__', 'TRAN_MSG'].map((name) => properties.get(name)),
    ['T', '0', 'm-0', 'true'],
  )
  assert.equal(stored!.sysFlag, 0)
  assert.deepEqual([await producer.isCounted(halfTopic), await producer.isCounted('T')], [true, false])
  const answer = await producer.end(half, 'commit')
  assert.deepEqual([answer.code, answer.remark], [0, null])
  assert.equal(await producer.isCounted('T'), true)
  const [committed] = await scene.queue('T')
  assert.deepEqual(
    [committed!.sysFlag, committed!.preparedTransactionOffset, findProperty(committed!.properties, 'TAGS')],
    [8, half.commitLogOffset, 'a'],
  )
  await scene.clock.advance(3000)
  const [op] = await scene.queue(opTopic)
  assert.deepEqual([Buffer.from(op!.body).toString(), findProperty(op!.properties, 'TAGS')], ['0,', 'd'])
  await scene.stop()
})

test('what is rolled back is never seen, and nobody is asked about it', async () => {
  const scene = await TransactionScene.started()
  const producer = scene.producer()
  await producer.beat()
  const half = await producer.prepare('m')
  assert.equal((await producer.end(half, 'rollback')).code, 0)
  assert.deepEqual(await scene.bodies(opTopic), ['0,'])
  await scene.clock.advance(2 * checkEvery)
  assert.deepEqual([await scene.bodies('T'), producer.checks], [[], []])
  await scene.stop()
})

test('an unknown outcome is answered and changes nothing, nor does one that is none', async () => {
  const scene = await TransactionScene.started()
  const producer = scene.producer()
  const half = await producer.prepare('m')
  assert.equal((await producer.end(half, 'unknown')).code, 0)
  const { code, remark } = await producer.end(half, 'commit', { commitOrRollback: 5 })
  assert.deepEqual([code, remark], [1, 'commitOrRollback field wrong'])
  assert.equal((await producer.end(half, 'commit')).code, 0)
  await scene.stop()
})

test('an outcome that names another half, group or place is refused in the order of the checks', async () => {
  const scene = await TransactionScene.started()
  const producer = scene.producer()
  const half = await producer.prepare('m')
  const refusals = [
    [{ ...half, commitLogOffset: 999_999 }, {}, 'Find prepared transaction message failed'],
    [{ ...half, commitLogOffset: half.commitLogOffset + 1 }, {}, 'Find prepared transaction message failed'],
    [{ ...half, commitLogOffset: -1 }, {}, 'Find prepared transaction message failed'],
    [{ ...half, queueOffset: 7 }, { producerGroup: 'other' }, 'The producer group wrong'],
    [{ ...half, queueOffset: 7 }, {}, 'The transaction state table offset wrong'],
  ] as const
  for (const [place, more, remark] of refusals) {
    const answer = await producer.end(place, 'commit', more)
    assert.deepEqual([answer.code, answer.remark], [1, remark])
  }
  await producer.end(half, 'commit')
  const [committed] = await scene.queue('T')
  const ofCommitted = { ...half, queueOffset: 0, commitLogOffset: committed!.physicalOffset }
  assert.equal((await producer.end(ofCommitted, 'commit')).remark, 'Find prepared transaction message failed')
  assert.deepEqual(await scene.bodies('T'), ['m'])
  await scene.stop()
})

test('the first outcome counts, however many come at once or later', async () => {
  const scene = await TransactionScene.started()
  const producer = scene.producer()
  const half = await producer.prepare('m')
  for (const outcome of ['commit', 'commit', 'rollback', 'commit'] as const)
    await producer.endOneway(half, outcome)
  await scene.clock.advance(100)
  for (const outcome of ['commit', 'rollback'] as const) {
    const late = await producer.end(half, outcome)
    assert.deepEqual(
      [late.code, late.remark],
      [1, 'The transaction of this half message is over: its outcome stays'],
    )
  }
  assert.deepEqual(await scene.bodies('T'), ['m'])
  await scene.stop()
})

test('a half without outcome is copied and its producer asked, until it says how it ended', async () => {
  const scene = await TransactionScene.started()
  const outcomes = ['unknown', undefined, 'commit'] as const
  const producer = scene.producer({ answer: () => outcomes[producer.checks.length - 1] })
  await producer.beat()
  const half = await producer.prepare('m')
  await scene.clock.advance(checkEvery - 1)
  assert.equal(producer.checks.length, 0)
  for (let round = 1; round <= 5; round++) {
    await producer.beat()
    await scene.clock.advance(checkEvery)
  }
  assert.deepEqual(
    producer.checks.map(({ fields, record }) => [
      fields.topic,
      fields.tranStateTableOffset,
      fields.msgId,
      fields.transactionId,
      fields.bname,
      record.topic,
      record.queueOffset,
      findProperty(record.properties, 'TRANSACTION_CHECK_TIMES'),
    ]),
    [1, 2, 3].map((n) => [halfTopic, String(n), 'm-0', 'm-0', 'broker-a', 'T', n, String(n)]),
  )
  assert.deepEqual(await scene.bodies('T'), ['m'])
  const stale = await producer.end(half, 'commit')
  assert.equal(stale.code, 1)
  await scene.stop()
})

test('an outcome that names an older copy ends the transaction', async () => {
  const scene = await TransactionScene.started()
  const producer = scene.producer()
  await producer.beat()
  const half = await producer.prepare('m')
  await scene.clock.advance(checkEvery)
  assert.equal(producer.checks.length, 1)
  assert.equal((await producer.end(half, 'commit')).code, 0)
  assert.equal((await producer.end(producer.checks[0]!, 'commit')).code, 1)
  await scene.clock.advance(2 * checkEvery)
  assert.deepEqual([await scene.bodies('T'), producer.checks.length], [['m'], 1])
  await scene.stop()
})

test('what nobody ends after the last check is given up, once, and can be taken up again', async () => {
  const scene = await TransactionScene.started({ config: { transactionCheckMax: 2 } })
  const producer = scene.producer({ answer: () => (producer.checks.length > 2 ? 'commit' : undefined) })
  await producer.prepare('m')
  for (let round = 0; round < 5; round++) {
    await producer.beat()
    await scene.clock.advance(checkEvery)
  }
  assert.deepEqual([producer.checks.length, await scene.bodies(givenUpTopic)], [2, ['m']])
  assert.match(scene.warnings.join(), /1 transactions were given up: look into TRANS_CHECK_MAX_TIME_TOPIC/)
  const last = producer.checks.at(-1)!
  assert.equal((await producer.end(last, 'commit')).code, 1)

  const [givenUp] = await scene.queue(givenUpTopic)
  const id = `0A00000100002A9F${givenUp!.physicalOffset.toString(16).toUpperCase().padStart(16, '0')}`
  const twice = await Promise.all([producer.resume(id), producer.resume(id)])
  assert.deepEqual(
    twice.map(({ code }) => code),
    [0, 1],
  )
  assert.match(twice[1]!.remark ?? '', /The transaction was taken up again already\./)
  await producer.beat()
  await scene.clock.advance(checkEvery)
  assert.equal(findProperty(producer.checks[2]!.record.properties, 'TRANSACTION_CHECK_TIMES'), '1')
  assert.deepEqual(await scene.bodies('T'), ['m'])
  assert.equal((await producer.resume(id)).code, 1)
  await scene.stop()
})

test('only what was given up is taken up again', async () => {
  const scene = await TransactionScene.started({ config: { transactionCheckMax: 1 } })
  const producer = scene.producer()
  await producer.beat()
  const waiting = await producer.prepare('waiting')
  const ended = await producer.prepare('ended')
  await producer.end(ended, 'rollback')
  const resume = async (physicalOffset: number) => {
    const id = `0A00000100002A9F${physicalOffset.toString(16).toUpperCase().padStart(16, '0')}`
    const { code, remark } = await producer.resume(id)
    return [
      code,
      remark?.replace(/^Exception was thrown when putting message back to RMQ_SYS_TRANS_HALF_TOPIC. /, ''),
    ]
  }
  assert.deepEqual(await resume(waiting.commitLogOffset), [1, 'The half is being checked.'])
  assert.deepEqual(await resume(ended.commitLogOffset), [1, 'The transaction was committed or rolled back.'])
  assert.match(String(await resume(999_999)), /There is no message with the id/)
  assert.match((await producer.resume('no id')).remark ?? '', /^Exception was thrown/)
  for (let round = 0; round < 2; round++) {
    await producer.beat()
    await scene.clock.advance(checkEvery)
  }
  assert.deepEqual(await scene.bodies(givenUpTopic), ['waiting'])
  assert.deepEqual(await resume(waiting.commitLogOffset), [0, undefined])
  assert.deepEqual(await resume(waiting.commitLogOffset), [1, 'The transaction was taken up again already.'])
  await scene.stop()
})

test('a half asks to be left alone for longer, and its producer may not end it later without being asked', async () => {
  const scene = await TransactionScene.started()
  const producer = scene.producer()
  const properties = propertyText('CHECK_IMMUNITY_TIME_IN_SECONDS', '100')
  const half = await producer.prepare('left alone', { properties })
  await producer.prepare('other')
  for (let round = 0; round < 3; round++) {
    await producer.beat()
    await scene.clock.advance(checkEvery)
  }
  assert.deepEqual(new Set(producer.checks.map(({ name }) => name)), new Set(['other']))
  await producer.beat()
  await scene.clock.advance(checkEvery)
  const check = producer.checks.find(({ name }) => name === 'left alone')
  assert.equal(findProperty(check!.record.properties, 'TRANSACTION_CHECK_TIMES'), '1')
  const late = await producer.end(half, 'commit')
  assert.deepEqual([late.code, late.remark], [604, null])
  assert.equal((await producer.end(check!, 'commit', { fromTransactionCheck: true })).code, 0)
  await scene.stop()
})

test('properties that only the broker sets do not come from clients', async () => {
  const scene = await TransactionScene.started()
  const producer = scene.producer()
  await producer.prepare('first')
  const forged = await producer.prepare('second', {
    properties:
      propertyText('TRAN_PREPARED_QUEUE_OFFSET', '0') +
      propertyText('REAL_TOPIC', 'elsewhere') +
      propertyText('TRANSACTION_CHECK_TIMES', '99'),
  })
  assert.equal((await producer.end(forged, 'commit')).code, 0)
  assert.deepEqual([await scene.bodies('T'), await scene.bodies('elsewhere')], [['second'], []])
  await producer.beat()
  await scene.clock.advance(checkEvery)
  assert.deepEqual(
    producer.checks.map(({ name }) => name),
    ['first'],
  )
  await scene.stop()
})

test('transaction messages are refused when the configuration says so', async () => {
  const scene = await TransactionScene.started({ config: { rejectTransactionMessage: true } })
  await assert.rejects(
    scene.producer().prepare('m'),
    /16 the broker\[10.0.0.1\] sending transaction message is forbidden/,
  )
  await scene.stop()
})

test('a delay of a transaction message counts from its commit', async () => {
  const scene = await TransactionScene.started()
  const producer = scene.producer()
  const half = await producer.prepare('m', { properties: propertyText('DELAY', '2') })
  assert.equal((await producer.end(half, 'commit')).code, 0)
  const [delayed] = await scene.queue('SCHEDULE_TOPIC_XXXX', 1)
  assert.deepEqual(
    [delayed!.preparedTransactionOffset, findProperty(delayed!.properties, 'REAL_TOPIC')],
    [half.commitLogOffset, 'T'],
  )
  await scene.stop()
})

test('the broker counts how many halves wait, and saves it', async () => {
  const scene = await TransactionScene.started()
  const producer = scene.producer()
  for (const name of ['a', 'b', 'c']) await producer.prepare(name)
  await producer.end({ name: 'a', queueOffset: 0, commitLogOffset: 0 }, 'commit')
  await scene.clock.advance(4000)
  const saved = Buffer.from(scene.disk.readFileSync('/store/config/transactionMetrics')!).toString()
  assert.match(saved, /"T":\{\s*"count":2/)
  const again = await scene.restarted()
  await again.clock.advance(4000)
  await again.stop()
})
