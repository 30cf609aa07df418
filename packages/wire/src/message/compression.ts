import { constants, deflate, inflate, type ZlibOptions } from 'node:zlib'
import { AerobeeError, errorText } from '@aerobee/base'
import { lz4Codec } from './compression-lz4.js'
import { zstdCodec } from './compression-zstd.js'
import type { CompressionType } from './system-flag.js'

/**
 * Bodies are compressed and decompressed by clients only; the broker passes them through (reference: wire 3.6).
 * ZLIB comes with Node, ZSTD with Node 22.15 and later; else an optional package is loaded when the first such message
 * appears. The type of a body stands in sysFlag (system-flag.ts).
 */
export interface CompressionCodec {
  /** `level` 1 (fast) to 9 (small), where the format knows levels. */
  compress(body: Uint8Array, level: number): Promise<Uint8Array>
  /** Rejects with LIMIT_EXCEEDED before it produces more than `maxBytes`, with any other error for bad bytes. */
  decompress(body: Uint8Array, maxBytes: number): Promise<Uint8Array>
}

const codecs = new Map<CompressionType, Promise<CompressionCodec>>()

function codecOf(type: CompressionType): Promise<CompressionCodec> {
  let loading = codecs.get(type)
  if (!loading) {
    loading = loadCodec(type)
    codecs.set(type, loading)
    loading.catch(() => codecs.delete(type))
  }
  return loading
}

function loadCodec(type: CompressionType): Promise<CompressionCodec> {
  switch (type) {
    case 'ZLIB':
      return Promise.resolve(zlibCodec)
    case 'LZ4':
      return lz4Codec()
    case 'ZSTD':
      return zstdCodec()
  }
}

/** Rejects with AerobeeError UNSUPPORTED when the codec's package is not installed. Level 5 is Java's default. */
export async function compressBody(type: CompressionType, body: Uint8Array, level = 5): Promise<Uint8Array> {
  return (await codecOf(type)).compress(body, level)
}

/**
 * Rejects with AerobeeError MALFORMED for bytes that are not of the type, LIMIT_EXCEEDED for a result above `maxBytes`
 * (nothing larger is ever allocated), UNSUPPORTED when the codec's package is not installed.
 */
export async function decompressBody(
  type: CompressionType,
  body: Uint8Array,
  maxBytes: number,
): Promise<Uint8Array> {
  const codec = await codecOf(type)
  let plain: Uint8Array | undefined
  try {
    plain = await codec.decompress(body, maxBytes)
  } catch (thrown) {
    if (thrown instanceof AerobeeError) throw thrown
    if (!hasCode(thrown, 'ERR_BUFFER_TOO_LARGE'))
      throw new AerobeeError('MALFORMED', `the body is not ${type}: ${errorText(thrown)}`, { cause: thrown })
  }
  if (plain === undefined || plain.length > maxBytes)
    throw new AerobeeError(
      'LIMIT_EXCEEDED',
      `the ${type} body is larger than ${maxBytes} bytes when decompressed: raise the limit if it is expected`,
    )
  return plain
}

const hasCode = (thrown: unknown, code: string): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === code

const zlibCodec: CompressionCodec = {
  compress: (body, level) => callZlib(deflate, body, { level }),
  decompress: (body, maxBytes) =>
    callZlib(inflate, body, { maxOutputLength: Math.max(1, maxBytes), finishFlush: constants.Z_FINISH }),
}

type ZlibCall = (
  body: Uint8Array,
  options: ZlibOptions,
  done: (error: Error | null, result: Buffer) => void,
) => void

function callZlib(run: ZlibCall, body: Uint8Array, options: ZlibOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) =>
    run(body, options, (error, result) => (error ? reject(error) : resolve(result))),
  )
}
