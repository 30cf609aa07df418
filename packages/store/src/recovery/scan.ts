import { KiB, MiB } from '@aerobee/base'
import {
  checkRecord,
  type RecordCheck,
  type RecordShape,
  readMagic,
  readPhysicalOffset,
  readTotalSize,
  recordMagics,
} from '@aerobee/wire'
import type { SegmentList } from '../commit-log/segment-list.js'
import type { OpenFiles } from '../open-files.js'
import { LogWindow } from './log-window.js'
import { tornText } from './torn-record.js'

export interface ScanParts {
  segments: SegmentList
  files: OpenFiles
  /** Compares the CRC that a broker with `enabledAppendPropCRC` put into the properties. */
  appendedCrc: boolean
  /** What lies before was durable once: only behind it may a record be torn. */
  sureEnd: number
  /** Records that were found torn before, and are so for good: nobody has seen them. */
  torn: ReadonlySet<number>
  /** A record was found torn. */
  foundTorn?: (physicalOffset: number) => void
  /** A sound record at `at` of the window, which moves on after the call. */
  record(window: LogWindow, at: number, shape: RecordShape): void
  /** A part of the log that is not readable, though there are sound records behind it. */
  damage(from: number, to: number, reason: string): void
  /** Bytes read at a time, between which the event loop turns. Default 4 MiB. */
  windowBytes?: number
}

export interface ScanOutcome {
  /** Behind the last sound record. */
  end: number
  /** Whether anything lies behind it that is not zero: a torn tail. */
  torn: boolean
  /** Whether it is known to be zero all the way: else it must be cut, or it might come back one day (upstream #10666). */
  zeros: boolean
}

const largestWindow = 4 * MiB
const smallestWindow = 64 * KiB
/** Behind the last record this much is always looked at. */
const nearBytes = 8 * MiB

/**
 * Reads the log from `from`, where a record begins, to its end:
 *
 *   record ─► record ─► … ─► end of file ─► next segment ─► … ─► nothing written, or something bad
 *                                                                     │ a sound record further on: damage, go on there
 *                                                                     └ none: the end
 * Where `endsAt` is given, no record that begins there or behind it is looked for.
 */
export async function scanLog(
  parts: ScanParts,
  from: number,
  endsAt = Number.POSITIVE_INFINITY,
): Promise<ScanOutcome> {
  const { segments } = parts
  const most = parts.windowBytes ?? largestWindow
  const windowBytes = Math.max(smallestWindow, Math.min(most, endsAt - from))
  const window = new LogWindow(segments, parts.files, windowBytes)
  let position = from
  for (;;) {
    const stop = await scanSound(parts, window, position, endsAt)
    if (stop.position >= endsAt) return { end: stop.position, torn: false, zeros: true }
    const found = await findRecord(parts, window, stop.position)
    if (found.position === undefined) {
      const { sawBytes, sawAll } = found
      return { end: stop.position, torn: sawBytes, zeros: sawAll && !sawBytes }
    }
    parts.damage(stop.position, found.position, stop.reason)
    position = found.position
  }
}

interface Stop {
  position: number
  reason: string
}

/** Up to the first place where there is no sound record. */
async function scanSound(parts: ScanParts, window: LogWindow, from: number, endsAt: number): Promise<Stop> {
  const { segments, appendedCrc } = parts
  const options = { appendedCrc, physicalOffset: from }
  let position = from
  for (;;) {
    if (position >= endsAt || !segments.holding(position)) return { position, reason: 'the files end there' }
    const segmentEnd = position - (position % segments.segmentBytes) + segments.segmentBytes
    await window.cover(position, 8)
    const size = claimedSize(window, position)
    if (position + size <= segmentEnd) await window.cover(position, size)
    do {
      const at = position - window.start
      options.physicalOffset = position
      const check = checkRecord(window.bytes, window.view, at, window.length, options)
      if (check.kind === 'record') {
        const torn = tornReason(parts, window, position, check)
        if (torn !== undefined) {
          parts.foundTorn?.(position)
          return { position, reason: torn }
        }
        parts.record(window, at, check.shape)
        position += check.sizeBytes
      } else if (check.kind === 'fileEnd' && position + check.sizeBytes === segmentEnd) {
        position = segmentEnd
      } else {
        return { position, reason: check.kind === 'bad' ? check.reason : 'no record lies there' }
      }
    } while (position < endsAt && position < segmentEnd && isWhole(window, position))
  }
}

const isWhole = (window: LogWindow, position: number): boolean =>
  window.covered(position) >= 8 && claimedSize(window, position) <= window.covered(position)

/** Of a record whose magic is right; 0 for anything else. */
function claimedSize(window: LogWindow, position: number): number {
  const at = position - window.start
  if (window.covered(position) < 8) return 0
  const magic = readMagic(window.view, at)
  return magic === recordMagics.v1 || magic === recordMagics.v2 ? readTotalSize(window.view, at) : 0
}

const magicHead = Buffer.from([0xda, 0xa3, 0x20])

/** The next place behind `from` where a sound record says that it lies there. */
async function findRecord(
  parts: ScanParts,
  window: LogWindow,
  from: number,
): Promise<{ position: number | undefined; sawBytes: boolean; sawAll: boolean }> {
  const { segments } = parts
  let sawBytes = false
  let sawAll = true
  let position = from
  let asked: number | undefined
  while (segments.holding(position)) {
    const base = position - (position % segments.segmentBytes)
    const segmentEnd = base + segments.segmentBytes
    // A gigabyte of zeros that are not on the device need not be read. Records far behind the place where a power cut
    // tore the log were not durable: nobody was promised them.
    if (position >= from + nearBytes && asked !== base) {
      asked = base
      if (segments.isSparseFrom(Math.max(base, from))) {
        sawAll = false
        position = segmentEnd
        continue
      }
    }
    await window.fill(position)
    const end = window.start + window.length
    sawBytes ||= !window.isZeroFrom(position)
    for (let at = window.bytes.indexOf(magicHead, position - window.start); at >= 0 && at < window.length; ) {
      const candidate = window.start + at - 4
      if (candidate >= from && (await isRecord(parts, window, candidate, segmentEnd))) {
        return { position: candidate, sawBytes: true, sawAll }
      }
      await window.fill(position)
      at = window.bytes.indexOf(magicHead, at + 1)
    }
    // A magic may lie across the two windows, behind the size that starts its record.
    position = end >= segmentEnd || window.length <= 8 ? segmentEnd : end - 8
  }
  return { position: undefined, sawBytes, sawAll }
}

async function isRecord(
  parts: ScanParts,
  window: LogWindow,
  position: number,
  segmentEnd: number,
): Promise<boolean> {
  if (position < segmentEnd - parts.segments.segmentBytes) return false
  await window.cover(position, 36)
  if (
    window.covered(position) < 36 ||
    readPhysicalOffset(window.view, position - window.start) !== position
  ) {
    return false
  }
  const size = claimedSize(window, position)
  if (size <= 0 || position + size > segmentEnd) return false
  await window.cover(position, size)
  const check = checkRecord(window.bytes, window.view, position - window.start, window.length, {
    appendedCrc: parts.appendedCrc,
    physicalOffset: position,
  })
  if (check.kind !== 'record') return false
  if (tornReason(parts, window, position, check) === undefined) return true
  parts.foundTorn?.(position)
  return false
}

function tornReason(
  { sureEnd, torn, segments }: ScanParts,
  window: LogWindow,
  position: number,
  check: RecordCheck & { kind: 'record' },
): string | undefined {
  if (torn.has(position)) return 'it was not written in full'
  if (position < sureEnd) return undefined
  return tornText(window.bytes, position - window.start, check.shape, position % segments.segmentBytes)
}
