import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@aerobee/base'
import fc from 'fast-check'
import { vectors } from '../testdata.test.js'
import { hostBytes, hostText, ipBytes, ipText } from './host.js'
import { offsetMessageId, parseOffsetMessageId, parseUniqId, uniqIdGenerator } from './message-id.js'

interface OffsetVector {
  host?: string
  port: number
  offset: string
  msgId: string
  decodedAddress: string
  decodeOnly?: string
  result?: string | { error: string }
}

const javaAddress = (ip: string, port: number) => (ip.includes(':') ? `/[${ip}]:${port}` : `/${ip}:${port}`)

test('offset message ids are made and taken apart as Java does', () => {
  for (const vector of vectors<OffsetVector[]>('offset-msg-id')) {
    if (vector.host === undefined) {
      const parsed = parseOffsetMessageId(vector.decodeOnly!)
      if (typeof vector.result === 'string') {
        assert.ok(parsed.ok)
        const { host, physicalOffset } = parsed.value
        assert.equal(`${javaAddress(host.ip, host.port)} ${physicalOffset}`, vector.result)
      } else assert.equal(parsed.ok, false)
      continue
    }
    const offset = Number(vector.offset)
    const parsed = parseOffsetMessageId(vector.msgId)
    if (!Number.isSafeInteger(offset)) {
      assert.match(parsed.ok ? '' : parsed.reason, /outside/)
      continue
    }
    const host = hostBytes(vector.host, vector.port)!
    assert.equal(offsetMessageId(host, offset), vector.msgId)
    assert.equal(offsetMessageId(host, offset), vector.msgId)
    assert.ok(parsed.ok)
    assert.equal(javaAddress(parsed.value.host.ip, parsed.value.host.port), vector.decodedAddress)
    assert.equal(parsed.value.physicalOffset, offset)
  }
})

test('an id with a negative offset, or with other than 32 or 56 hex digits, is refused', () => {
  assert.equal(parseOffsetMessageId('7F00000100002A9FFFFFFFFFFFFFFFFF').ok, false)
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (text) => {
      assert.equal(parseOffsetMessageId(text).ok, /^([0-9a-f]{32}|[0-9a-f]{56})$/i.test(text))
      assert.equal(parseUniqId(text).ok, /^([0-9a-f]{32}|[0-9a-f]{56})$/i.test(text))
    }),
  )
})

interface UniqVector {
  id: string
  ipHex: string
  pid: number
  millisSinceMonthStart: number
  counter: number
}

test('ids that Java clients made are taken apart', () => {
  for (const { id, ipHex, pid, millisSinceMonthStart, counter } of vectors<UniqVector[]>('uniq-id')) {
    const parsed = parseUniqId(id)
    assert.ok(parsed.ok)
    const { ip, ...rest } = parsed.value
    assert.equal(Buffer.from(ip).toString('hex'), ipHex)
    assert.deepEqual(rest, { pid, millisSinceMonthStart, counter })
  }
})

test('made ids carry address, process, time of the month and a counter that wraps', () => {
  let wall = new Date(2026, 0, 31, 23, 59, 59, 999).getTime()
  const next = uniqIdGenerator({
    ip: ipBytes('192.168.1.10')!,
    pid: 70_000,
    random: seededRandom(1),
    now: () => wall,
  })
  const read = (id: string) => {
    const parsed = parseUniqId(id)
    assert.ok(parsed.ok)
    return parsed.value
  }
  const last = read(next())
  assert.equal(ipText(last.ip), '192.168.1.10')
  assert.equal(last.pid, 70_000 & 0xffff)
  assert.equal(last.millisSinceMonthStart, 31 * 86_400_000 - 1)
  wall += 1
  const first = read(next())
  assert.equal(first.millisSinceMonthStart, 0)
  assert.equal(first.counter, last.counter + 1)
  const ids = new Set<string>()
  for (let i = 0; i < 0x10000; i++) ids.add(next())
  assert.equal(ids.size, 0x10000)
  wall -= 1000
  assert.equal(read(next()).millisSinceMonthStart, 31 * 86_400_000 - 1000)
})

test('two generators on one host differ by their random word', () => {
  const at = { ip: ipBytes('::1')!, pid: 1, now: () => 1_700_000_000_000 }
  const one = uniqIdGenerator({ ...at, random: seededRandom(1) })()
  const two = uniqIdGenerator({ ...at, random: seededRandom(2) })()
  assert.equal(one.length, 56)
  assert.notEqual(one, two)
})

test('addresses in text and bytes are the same', () => {
  const cases = [
    ['127.0.0.1', 80, '127.0.0.1:80'],
    ['::1', 80, '[0:0:0:0:0:0:0:1]:80'],
    ['2001:db8::ff00:42:8329', 1, '[2001:db8:0:0:0:ff00:42:8329]:1'],
    ['fe80::1%eth0', 1, '[fe80:0:0:0:0:0:0:1]:1'],
    ['::ffff:10.0.0.1', 65_535, '10.0.0.1:65535'],
  ] as const
  for (const [address, port, expected] of cases) assert.equal(hostText(hostBytes(address, port)!), expected)
  for (const wrong of ['', 'localhost', '1.2.3', '1.2.3.256', '1:2', ':::', '1::2::3', 'g::1', '1.2.3.4.5'])
    assert.equal(hostBytes(wrong, 80), undefined, wrong)
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const bytes = ipBytes(text)
      if (bytes) assert.deepEqual(ipBytes(ipText(bytes)), bytes)
    }),
  )
})
