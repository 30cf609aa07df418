import assert from 'node:assert/strict'
import test from 'node:test'
import { deflateSync } from 'node:zlib'
import { isAerobeeError } from '@aerobee/base'
import fc from 'fast-check'
import { vectors } from '../testdata.test.js'
import { compressBody, decompressBody } from './compression.js'
import { lz4OutputBytes } from './compression-lz4.js'
import { loadOptional, type OptionalPackage } from './compression-packages.js'
import { zstdContentBytes } from './compression-zstd.js'
import { type CompressionType, compressionType, systemFlags, withCompression } from './system-flag.js'

interface Vector {
  type: CompressionType
  sysFlagBits: number
  inHex: string
  outHex: string
}

const known = vectors<Vector[]>('compression')
const types: CompressionType[] = ['LZ4', 'ZSTD', 'ZLIB']
const hasCode = (code: 'LIMIT_EXCEEDED' | 'MALFORMED' | 'UNSUPPORTED') => (thrown: unknown) =>
  isAerobeeError(thrown, code)

test('what Java compressed decompresses to its input, at the limit and not one byte below', async () => {
  for (const { type, inHex, outHex } of known) {
    const [plain, packed] = [Buffer.from(inHex, 'hex'), Buffer.from(outHex, 'hex')]
    assert.deepEqual(Buffer.from(await decompressBody(type, packed, plain.length)), plain, type)
    if (plain.length > 1)
      await assert.rejects(decompressBody(type, packed, plain.length - 1), hasCode('LIMIT_EXCEEDED'), type)
  }
})

test('the type stands in the system flag as Java puts it', () => {
  for (const { type, sysFlagBits } of known) {
    assert.equal(withCompression(0, type), systemFlags.compressed | sysFlagBits)
    assert.equal(compressionType(sysFlagBits), type)
  }
  assert.equal(compressionType(systemFlags.compressed), 'ZLIB')
  assert.equal(compressionType(0x700), undefined)
})

test('what was compressed decompresses to the same bytes, with every type', async () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(3000))
      .map(([part, times]) => Buffer.alloc(part.length * times, part)),
  )
  await fc.assert(
    fc.asyncProperty(body, fc.constantFrom(...types), async (plain, type) => {
      const packed = await compressBody(type, plain)
      assert.deepEqual(Buffer.from(await decompressBody(type, packed, plain.length)), Buffer.from(plain))
      if (type === 'LZ4') assert.deepEqual(lz4OutputBytes(packed), { ok: true, value: plain.length })
    }),
    { numRuns: 200 },
  )
})

test('a bomb is refused before it unfolds', async () => {
  const zeros = Buffer.alloc(64 * 1024 * 1024)
  for (const type of types) {
    const bomb = await compressBody(type, zeros, 1)
    assert.ok(bomb.length < zeros.length / 100)
    await assert.rejects(decompressBody(type, bomb, 1024 * 1024), hasCode('LIMIT_EXCEEDED'), type)
  }
})

test('bytes of no or of a damaged format give MALFORMED', async () => {
  const plain = Buffer.from('some text to compress, some text to compress')
  for (const type of types) {
    await assert.rejects(decompressBody(type, Buffer.from('nothing of the kind'), 100), hasCode('MALFORMED'))
    const packed = await compressBody(type, plain)
    const cut = packed.subarray(0, packed.length - 5)
    await assert.rejects(decompressBody(type, cut, 100), hasCode('MALFORMED'), type)
  }
  await assert.rejects(decompressBody('ZLIB', deflateSync(plain).subarray(2), 100), hasCode('MALFORMED'))
})

test('random bytes give an error of ours, and no scan throws', async () => {
  const seeds = known.map(({ outHex }) => Buffer.from(outHex, 'hex'))
  const damaged = fc.tuple(fc.constantFrom(...seeds), fc.nat(), fc.nat(255)).map(([bytes, at, value]) => {
    const copy = Buffer.from(bytes)
    if (copy.length > 0) copy[at % copy.length] = value
    return copy
  })
  const input = fc.oneof(damaged, fc.uint8Array({ maxLength: 60 }))
  await fc.assert(
    fc.asyncProperty(input, fc.constantFrom(...types), async (bytes, type) => {
      lz4OutputBytes(bytes)
      zstdContentBytes(bytes)
      const outcome = await decompressBody(type, bytes, 10_000).catch((thrown: unknown) => thrown)
      assert.ok(
        outcome instanceof Uint8Array ||
          isAerobeeError(outcome, 'MALFORMED') ||
          isAerobeeError(outcome, 'LIMIT_EXCEEDED'),
        String(outcome),
      )
    }),
    { numRuns: 500 },
  )
})

test('a package that is not installed is named together with the way to get it', async () => {
  const name = 'a-package-that-nobody-has' as string as OptionalPackage
  await assert.rejects(loadOptional('LZ4', name), (thrown: unknown) => {
    assert.ok(isAerobeeError(thrown, 'UNSUPPORTED'))
    assert.match(thrown.message, /LZ4 bodies need .*: npm install a-package-that-nobody-has/)
    return true
  })
})
