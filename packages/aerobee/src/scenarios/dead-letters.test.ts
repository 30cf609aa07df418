import assert from 'node:assert/strict'
import { type DeadLetter, deadLetterJson, deadLetters, resendDeadLetters } from '../dead-letters.js'
import { type Scene, story, topic } from './scene.test.js'

/** What a group could not consume is found, sent to its topic again, and taken out of the cluster. */

async function lettersOf(scene: Scene, group: string): Promise<DeadLetter[]> {
  const found: DeadLetter[] = []
  const reading = (async () => {
    for await (const letter of deadLetters({ ...scene.clientOptions('tool'), group })) found.push(letter)
  })()
  await scene.clock.resolve(reading)
  return found
}

story('dead letters are listed, sent again by id, and exported', {}, async (scene) => {
  const { clock } = scene
  assert.deepEqual(await lettersOf(scene, 'nobody'), [])
  const producer = await scene.producer('p')
  for (const body of ['good', 'bad', 'worse'])
    await clock.resolve(
      producer.send({ topic, body, tags: 'T', keys: [`k-${body}`], properties: { color: body }, flag: 3 }),
    )
  await clock.resolve(producer.send({ topic, body: Uint8Array.of(0xff, 0), keys: ['bytes'] }))
  const delivered: string[] = []
  await scene.consumer('c', { maxReconsumeTimes: 1 }, (message) => {
    delivered.push(`${message.keys} ${message.reconsumeTimes}`)
    if (message.text() !== 'good') throw new Error('never')
  })
  await clock.advance(60_000)
  assert.equal(delivered.length, 7, delivered.join())

  const letters = await lettersOf(scene, 'readers')
  assert.deepEqual(letters.map(({ keys }) => keys[0]).sort(), ['bytes', 'k-bad', 'k-worse'])
  const bad = letters.find(({ keys }) => keys[0] === 'k-bad')!
  assert.deepEqual(
    [bad.originTopic, bad.reconsumeTimes, bad.tags, bad.flag, bad.properties],
    [topic, 2, 'T', 3, { color: 'bad' }],
  )
  assert.ok(bad.originMessageId)
  const json = JSON.parse(deadLetterJson(bad))
  assert.deepEqual([json.body, json.messageId], ['bad', bad.messageId])
  const bytes = letters.find(({ keys }) => keys[0] === 'bytes')!
  assert.equal(JSON.parse(deadLetterJson(bytes)).bodyBase64, '/wA=')

  const tool = { ...scene.clientOptions('resender'), group: 'readers' }
  await assert.rejects(clock.resolve(resendDeadLetters({ ...tool, ids: [bad.messageId, 'other'] })), {
    code: 'INVALID_ARGUMENT',
    message: 'group readers has no dead letter other: list them first',
  })
  const sent: string[] = []
  const resending = resendDeadLetters({
    ...tool,
    ids: [bad.messageId, bytes.offsetMessageId],
    onSent: (letter, { status }) => sent.push(`${letter.keys} ${status}`),
  })
  assert.equal(await clock.resolve(resending), 2)
  assert.deepEqual(sent.sort(), ['bytes SEND_OK', 'k-bad SEND_OK'])
  await clock.advance(60_000)
  assert.deepEqual(delivered.slice(7).sort(), ['bytes 0', 'bytes 1', 'k-bad 0', 'k-bad 1'])
  assert.equal((await lettersOf(scene, 'readers')).length, 5, 'the letters stay, and failed again')
})
