import * as zlib from 'node:zlib'
import { AerobeeError, asBuffer, errorText } from '@aerobee/base'
import type { CompressionCodec } from './compression.js'
import { loadOptional } from './compression-packages.js'

/** ZSTD: Node's own from 22.15 on, else the package @bokuweb/zstd-wasm. */
export async function zstdCodec(): Promise<CompressionCodec> {
  return nativeCodec() ?? (await wasmCodec())
}

type ZstdCall = (
  body: Uint8Array,
  options: { maxOutputLength?: number; params?: Record<number, number> },
  done: (error: Error | null, result: Buffer) => void,
) => void

/** What Nodes older than the type declarations we build with do not have. */
interface NewerZlib {
  zstdCompress?: ZstdCall
  zstdDecompress?: ZstdCall
  constants: { ZSTD_c_compressionLevel?: number }
}

function nativeCodec(): CompressionCodec | undefined {
  const { zstdCompress, zstdDecompress, constants } = zlib as unknown as NewerZlib
  const levelKey = constants.ZSTD_c_compressionLevel
  if (!zstdCompress || !zstdDecompress || levelKey === undefined) return undefined
  const call = (run: ZstdCall, body: Uint8Array, options: Parameters<ZstdCall>[1]) =>
    new Promise<Uint8Array>((resolve, reject) =>
      run(body, options, (error, result) => (error ? reject(error) : resolve(result))),
    )
  return {
    compress: (body, level) => call(zstdCompress, body, { params: { [levelKey]: level } }),
    decompress: (body, maxBytes) => call(zstdDecompress, body, { maxOutputLength: Math.max(1, maxBytes) }),
  }
}

interface ZstdPackage {
  init(): Promise<void>
  compress(body: Uint8Array, level: number): Uint8Array
  decompress(body: Uint8Array, options: { defaultHeapSize: number }): Uint8Array
}

/** libzstd's code for "the output does not fit". */
const outputTooSmall = -70

async function wasmCodec(): Promise<CompressionCodec> {
  const zstd = await loadOptional<ZstdPackage>('ZSTD', '@bokuweb/zstd-wasm')
  await zstd.init()
  return {
    compress: async (body, level) => zstd.compress(body, level),
    async decompress(body, maxBytes) {
      const announced = zstdContentBytes(body)
      if (announced !== undefined && announced > maxBytes) throw tooLarge(maxBytes)
      try {
        return zstd.decompress(body, { defaultHeapSize: Math.max(1, maxBytes) })
      } catch (thrown) {
        if (errorText(thrown).endsWith(` ${outputTooSmall}`)) throw tooLarge(maxBytes)
        throw thrown
      }
    },
  }
}

const tooLarge = (maxBytes: number) =>
  new AerobeeError('LIMIT_EXCEEDED', `the ZSTD body is larger than ${maxBytes} bytes when decompressed`)

/**
 * Size that the frame announces; undefined when it announces none (streams) or is no frame.
 *
 *   frame = magic 4 | descriptor 1 | [window 1] | [dictionary 0-4] | [contentSize 1-8] | …    little endian
 */
export function zstdContentBytes(frame: Uint8Array): number | undefined {
  const bytes = asBuffer(frame)
  if (bytes.length < 5 || bytes.readUInt32LE(0) !== 0xfd2fb528) return undefined
  const descriptor = bytes[4]!
  const sizeKind = descriptor >> 6
  const single = (descriptor & 0x20) !== 0
  const at = 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!
  const length = sizeKind === 0 ? (single ? 1 : 0) : 1 << sizeKind
  if (length === 0 || bytes.length < at + length) return undefined
  if (length === 8) return Number(bytes.readBigUInt64LE(at))
  return bytes.readUIntLE(at, length) + (length === 2 ? 256 : 0)
}
