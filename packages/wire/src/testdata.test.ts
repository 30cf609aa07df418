import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Reads the captured frames and known answers of `testdata/` for the tests beside; holds no tests itself. */
const folder = fileURLToPath(new URL('../testdata/', import.meta.url))

export interface CapturedFrame {
  /** Request and response share it: `<file>-NNNN`. */
  id: string
  peer: 'namesrv' | 'broker' | 'client'
  direction: 'request' | 'response' | 'oneway'
  code: number
  name: string
  /** On responses. */
  requestCode?: number
  requestName?: string
  serialize: 'JSON' | 'ROCKETMQ'
  opaque: number
  bodyLength: number
  note: string
  bytes: Buffer
}

let loaded: readonly CapturedFrame[] | undefined

export function capturedFrames(): readonly CapturedFrame[] {
  loaded ??= readdirSync(`${folder}frames`)
    .sort()
    .flatMap((file) => readFileSync(`${folder}frames/${file}`, 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => {
      const { frameHex, ...rest } = JSON.parse(line) as CapturedFrame & { frameHex: string }
      return { ...rest, bytes: Buffer.from(frameHex, 'hex') }
    })
  return loaded
}

/** The `vectors` of one file of known answers. */
export function vectors<T>(name: string): T {
  const file = JSON.parse(readFileSync(`${folder}vectors/${name}.json`, 'utf8')) as { vectors: T }
  return file.vectors
}
