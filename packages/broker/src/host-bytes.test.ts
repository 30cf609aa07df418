import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostBytes } from './host-bytes.js'

const hex = (host: string, port = 10_911) => Buffer.from(hostBytes({ host, port }).bytes).toString('hex')

test('IPv4 is four bytes and the port', () => {
  assert.equal(hex('192.0.2.1'), 'c000020100002a9f')
  assert.equal(hex('::ffff:127.0.0.1', 65_535), '7f0000010000ffff')
})

test('IPv6 is sixteen bytes and the port', () => {
  assert.equal(hex('::1'), '0000000000000000000000000000000100002a9f')
  assert.equal(hex('2001:db8::8:800:200c:417a'), '20010db80000000000080800200c417a00002a9f')
  assert.equal(hex('1:2:3:4:5:6:7:8'), '0001000200030004000500060007000800002a9f')
  assert.equal(hex('fe80::1%eth0'), 'fe80000000000000000000000000000100002a9f')
  assert.equal(hostBytes({ host: '::', port: 1 }).v6, true)
})

test('what is no address is 0.0.0.0', () => {
  for (const host of [
    'localhost',
    '',
    '1.2.3',
    '256.0.0.1',
    '1:2:3',
    '1::2::3',
    ':::',
    'g::1',
    '1:2:3:4:5:6:7::8:9',
  ])
    assert.equal(hex(host), '0000000000002a9f', host)
})
