import assert from 'node:assert/strict'
import { bodies, type Command, encodeFrame, type Frame, isResponse, newFrame } from '@aerobee/wire'
import { beatOf, RawClient, type Scene, scene } from './captures.test.js'
import type { BrokerConfig } from './config-keys.js'
import { newGroupConfig } from './groups.js'

/** Bad input to a broker with topic FixOne and group G, for the tests beside; holds no tests itself. */

export type Fields = Readonly<Record<string, string>>
export type Ask = (code: number, fields?: Fields, body?: Uint8Array) => Promise<Frame>

export async function started(
  more: Partial<BrokerConfig> = {},
): Promise<{ place: Scene; ask: Ask; client: RawClient }> {
  const place = await scene({ autoCreateSubscriptionGroup: false, ...more }, 1_795_510_000_000)
  const { clock, transport, broker } = place
  const target = { host: '127.0.0.1', port: broker.endpoint.port }
  const client = new RawClient(await clock.resolve(transport.connect(target, { timeoutMs: 1000 })))
  let opaque = 0
  const ask: Ask = async (code, fields = {}, body = new Uint8Array(0)) => {
    client.stream.write(encodeFrame(newFrame(code, ++opaque, { ...fields }, body)))
    await clock.settle()
    const answer = client.frames.find((frame) => isResponse(frame) && frame.opaque === opaque)
    assert.ok(answer, `request ${code} ${JSON.stringify(fields)} is answered`)
    return answer
  }
  const group = bodies.subscriptionGroupConfig.encode(newGroupConfig('G'))
  assert.equal((await ask(200, {}, group)).code, 0)
  assert.equal((await ask(34, {}, bodies.heartbeatData.encode(beatOf('G', 'FixOne')))).code, 0)
  const sent = { a: 'P', b: 'FixOne', c: 'TBW102', d: '4', e: '0', f: '0', g: '0', h: '0', i: '', j: '0' }
  assert.equal((await ask(310, { ...sent, k: 'false' }, Buffer.from('x'))).code, 0)
  const commit = { consumerGroup: 'G', topic: 'FixOne', queueId: '0', commitOffset: '1' }
  assert.equal((await ask(15, commit)).code, 0)
  return { place, ask, client }
}

/** Topics, groups with what they may not read, offsets, statistics that exist, and where the log ends. */
export async function state({ store }: Scene, ask: Ask): Promise<string[]> {
  const answers: Frame[] = []
  for (const [code, fields] of [
    [21, {}],
    [201, {}],
    [317, { isOrder: 'false' }],
    [343, { group: 'G' }],
    [343, { group: 'H' }],
    [300, { topic: 'FixOne' }],
    [315, { statsName: 'TOPIC_PUT_NUMS', statsKey: 'FixOne' }],
  ] as const)
    answers.push(await ask(code, fields))
  const texts = answers.map(({ code, body }) => `${code} ${Buffer.from(body).toString()}`)
  return [...texts, `log ${store.status().maxPhysicalOffset}`]
}

/**
 * Asks with each field left out, and with each number as what is none or beyond its range: the answer names the field,
 * and nothing changes. Returns how many requests that were.
 */
export async function refusesFields(
  place: Scene,
  ask: Ask,
  asked: readonly Command[],
  good: Fields,
): Promise<number> {
  const before = await state(place, ask)
  let refusals = 0
  const refused = async (command: Command, fields: Fields, remark: RegExp) => {
    const answer = await ask(command.code, fields)
    assert.equal(answer.code, 1, `${command.name} ${JSON.stringify(fields)}`)
    assert.match(answer.remark ?? '', remark, command.name)
    refusals += 1
  }
  for (const command of asked) {
    const known = Object.entries(command.request).map(
      ([key, field]) => [key, field.wireName ?? key, field] as const,
    )
    const given = known.flatMap(([key, name]) => (key in good ? [[name, good[key]!] as const] : []))
    const fields: Fields = Object.fromEntries(given)
    for (const [, name, { kind, optional }] of known) {
      const { [name]: _, ...others } = fields
      if (!optional) await refused(command, others, new RegExp(`^the custom field <${name}> is null$`))
      if (kind !== 'int32' && kind !== 'int64' && kind !== 'clampedInt64') continue
      const values = ['', 'x', '1.5', '0x10', '9223372036854775808', '-9223372036854775809']
      if (kind === 'int32') values.push('2147483648', '-2147483649')
      if (kind === 'int64') values.push('9007199254740992')
      for (const value of values)
        await refused(command, { ...fields, [name]: value }, new RegExp(`^the custom field <${name}> is not`))
    }
  }
  assert.deepEqual(await state(place, ask), before)
  return refusals
}
