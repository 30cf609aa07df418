import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { commands } from '@aerobee/wire'
import { FakeCluster } from '../fake-cluster.test.js'
import { Producer } from '../producer/producer.js'
import { signatureFields, signatureOf } from './signature.js'

interface Vector {
  algorithm?: string
  secret?: string
  contentHex: string
  content?: string
  signature: string
  accessKey?: string
  secretKey?: string
  securityToken?: string | null
  extFields?: Record<string, string>
  bodyHex?: string | null
  signedExtFields?: Record<string, string>
}
const { vectors } = JSON.parse(
  readFileSync(new URL('../../testdata/acl-signature.json', import.meta.url), 'utf8'),
) as { vectors: Vector[] }

test('contents are signed as Java signs them', () => {
  const plain = vectors.filter(({ secret, contentHex }) => secret !== undefined && contentHex !== undefined)
  assert.ok(plain.length >= 5)
  for (const { secret, contentHex, signature } of plain)
    assert.equal(signatureOf(secret!, Buffer.from(contentHex, 'hex')), signature)
})

test('requests get the fields that Java adds', () => {
  const requests = vectors.filter(({ signedExtFields }) => signedExtFields)
  assert.ok(requests.length >= 4)
  for (const { accessKey, secretKey, securityToken, extFields, bodyHex, signedExtFields } of requests) {
    const credentials = {
      accessKey: accessKey!,
      secretKey: secretKey!,
      ...(securityToken && { securityToken }),
    }
    const body = bodyHex ? Buffer.from(bodyHex, 'hex') : undefined
    assert.deepEqual({ ...extFields, ...signatureFields(credentials, extFields!, body) }, signedExtFields)
  }
})

test('every request of a client with credentials is signed, with its namespace', async () => {
  const cluster = await FakeCluster.start()
  cluster.createTopic('T')
  const credentials = { accessKey: 'AK', secretKey: 'SK' }
  const producer = cluster.use(
    new Producer({ ...cluster.options({ credentials, namespaceV2: 'ns1' }), producerGroup: 'p' }),
  )
  await cluster.clock.resolve(producer.start())
  await cluster.clock.resolve(producer.send({ topic: 'T', body: 'x' }))
  const { frame } = cluster.broker.seen(commands.sendMessageV2)[0]!
  const { AccessKey, Signature, ...signed } = frame.extFields!
  assert.deepEqual([AccessKey, signed.ns, signed.nsd], ['AK', 'ns1', 'true'])
  assert.equal(Signature, signatureFields(credentials, signed, frame.body).Signature)
  await cluster.close()
})
