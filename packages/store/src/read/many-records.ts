import { KiB } from '@aerobee/base'
import type { RecordPlace } from '../contracts.js'
import type { RecordReader } from './record-reader.js'

/** What lies between two records is read too when it is no more than this: a read costs as much as 100 KiB of it. */
const gapBytes = 16 * KiB
const readBytes = 256 * KiB

interface Group {
  start: number
  end: number
  /** Of the places given. */
  indexes: number[]
}

/** Each record as a copy, which keeps no memory but its own; undefined where there is none. Rejects with IO_FAILED. */
export async function readRecords(
  reader: RecordReader,
  places: readonly RecordPlace[],
): Promise<(Buffer | undefined)[]> {
  const records: (Buffer | undefined)[] = places.map(({ physicalOffset, sizeBytes }) =>
    reader.readNow(physicalOffset, sizeBytes),
  )
  const cold = places.map((_, i) => i).filter((i) => records[i] === undefined)
  await Promise.all(
    groupsOf(places, cold).map(async ({ start, end, indexes }) => {
      const bytes = await reader.bytes(start, end - start)
      for (const i of indexes) {
        const { physicalOffset, sizeBytes } = places[i]!
        // Where a segment ends, or what is no record, is looked at alone.
        if (bytes === undefined) records[i] = await reader.read(physicalOffset)
        else {
          const found = reader.within(bytes, physicalOffset - start, physicalOffset, sizeBytes)
          records[i] = found && (indexes.length > 1 ? Buffer.from(found) : found)
        }
      }
    }),
  )
  return records
}

function groupsOf(places: readonly RecordPlace[], indexes: readonly number[]): Group[] {
  const sorted = [...indexes].sort((a, b) => places[a]!.physicalOffset - places[b]!.physicalOffset)
  const groups: Group[] = []
  let group: Group | undefined
  for (const i of sorted) {
    const { physicalOffset, sizeBytes } = places[i]!
    const end = physicalOffset + sizeBytes
    if (group && physicalOffset - group.end <= gapBytes && end - group.start <= readBytes) {
      group.end = Math.max(group.end, end)
      group.indexes.push(i)
    } else {
      group = { start: physicalOffset, end, indexes: [i] }
      groups.push(group)
    }
  }
  return groups
}
