import * as zlib from 'node:zlib'
import { constants, deflate, inflate, type ZlibOptions } from 'node:zlib'
import { AerobeeError, errorText } from '@aerobee/base'
import type { CompressionType } from './system-flag.js'

/**
 * Bodies are compressed and decompressed by clients only; the broker passes them through.
 * ZLIB comes with Node, ZSTD with newer Nodes; else an optional package is loaded when the first such message appears.
 */
interface BodyCodec {
  compress(body: Uint8Array, level: number): Promise<Uint8Array>
  /** May produce more than `maxBytes` only by one bounded step; the caller checks. */
  decompress(body: Uint8Array, maxBytes: number): Promise<Uint8Array>
}

const codecs = new Map<CompressionType, Promise<BodyCodec>>()

function codec(type: CompressionType): Promise<BodyCodec> {
  let loaded = codecs.get(type)
  if (!loaded) {
    loaded = type === 'ZLIB' ? Promise.resolve(zlibCodec) : type === 'LZ4' ? lz4Codec() : zstdCodec()
    codecs.set(type, loaded)
    loaded.catch(() => codecs.delete(type))
  }
  return loaded
}

/** Rejects with AerobeeError UNSUPPORTED when the codec's package is not installed. Level 1 to 9, as zlib's. */
export async function compressBody(type: CompressionType, body: Uint8Array, level = 5): Promise<Uint8Array> {
  return (await codec(type)).compress(body, level)
}

/** Rejects with MALFORMED for bytes that are not of the type, with LIMIT_EXCEEDED above `maxBytes`. */
export async function decompressBody(
  type: CompressionType,
  body: Uint8Array,
  maxBytes: number,
): Promise<Uint8Array> {
  const loaded = await codec(type)
  let plain: Uint8Array
  try {
    plain = await loaded.decompress(body, maxBytes)
  } catch (thrown) {
    if (thrown instanceof AerobeeError) throw thrown
    if ((thrown as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(type, maxBytes)
    throw new AerobeeError('MALFORMED', `the body is not ${type}: ${errorText(thrown)}`, { cause: thrown })
  }
  if (plain.length > maxBytes) throw tooLarge(type, maxBytes)
  return plain
}

const tooLarge = (type: CompressionType, maxBytes: number) =>
  new AerobeeError('LIMIT_EXCEEDED', `the ${type} body is larger than ${maxBytes} bytes when decompressed`)

type ZlibCall = (
  body: Uint8Array,
  options: ZlibOptions,
  done: (error: Error | null, result: Buffer) => void,
) => void

const call = (run: ZlibCall, body: Uint8Array, options: ZlibOptions): Promise<Uint8Array> =>
  new Promise((resolve, reject) =>
    run(body, options, (error, result) => (error ? reject(error) : resolve(result))),
  )

const zlibCodec: BodyCodec = {
  compress: (body, level) => call(deflate, body, { level }),
  decompress: (body, maxBytes) =>
    call(inflate, body, { maxOutputLength: Math.max(1, maxBytes), finishFlush: constants.Z_FINISH }),
}

interface Lz4Package {
  compressFrame(body: Uint8Array): Promise<Uint8Array>
  decompressFrame(body: Uint8Array): Promise<Uint8Array>
}

async function lz4Codec(): Promise<BodyCodec> {
  const lz4 = (await optionalPackage('LZ4', 'lz4-napi')) as unknown as Lz4Package
  return {
    compress: (body) => lz4.compressFrame(body),
    decompress: (body) => lz4.decompressFrame(body),
  }
}

interface ZstdPackage {
  init?(): Promise<void>
  compress(body: Uint8Array, level?: number): Uint8Array
  decompress(body: Uint8Array): Uint8Array
}

async function zstdCodec(): Promise<BodyCodec> {
  const native = zlib as unknown as { zstdCompress?: ZlibCall; zstdDecompress?: ZlibCall }
  const { zstdCompress, zstdDecompress } = native
  if (zstdCompress && zstdDecompress)
    return {
      compress: (body) => call(zstdCompress, body, {}),
      decompress: (body, maxBytes) => call(zstdDecompress, body, { maxOutputLength: Math.max(1, maxBytes) }),
    }
  const zstd = (await optionalPackage('ZSTD', '@bokuweb/zstd-wasm')) as unknown as ZstdPackage
  await zstd.init?.()
  return {
    compress: async (body, level) => zstd.compress(body, level),
    decompress: async (body) => zstd.decompress(body),
  }
}

/** A package's default export where it is CommonJS, else its namespace. */
async function optionalPackage(
  type: CompressionType,
  name: 'lz4-napi' | '@bokuweb/zstd-wasm',
): Promise<object> {
  try {
    const loaded = (await import(name)) as { default?: object }
    return loaded.default ?? loaded
  } catch (thrown) {
    throw new AerobeeError('UNSUPPORTED', `${type} bodies need the package ${name}: npm install ${name}`, {
      cause: thrown,
    })
  }
}
