import { type OpenFile, readInt64 } from '@aerobee/base'
import { entryBytes, entryPosition, type IndexHeader, type IndexLayout, slotBytes } from './layout.js'

const pieceEntries = 65_536

export interface IndexScan {
  /** What the entries prove; `nextEntry` below the given header's where they are damaged. */
  header: IndexHeader
  slots: DataView
  /** Why the scan ended before the header's count; undefined when it did not. */
  damage: string | undefined
}

/**
 * Computes the slots from the entries, for a file whose slots were not written or cannot be trusted, and checks every
 * entry on the way: offsets never go back, and each points at the entry of its slot before it. Ends before the first
 * entry that breaks this, or that lies at `limitPhysical` or beyond. Twenty million entries take about a second.
 */
export function scanEntries(
  file: OpenFile,
  layout: IndexLayout,
  header: IndexHeader,
  limitPhysical = Number.POSITIVE_INFINITY,
): IndexScan {
  const slots = new DataView(new ArrayBuffer(layout.slotCount * slotBytes))
  const found: IndexHeader = { ...header, usedSlots: 0, nextEntry: 1 }
  const piece = Buffer.allocUnsafe(Math.min(pieceEntries, header.nextEntry) * entryBytes)
  const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength)
  let lastPhysical = header.beginPhysical
  let lastSeconds = 0
  let damage: string | undefined
  while (found.nextEntry < header.nextEntry && damage === undefined) {
    const first = found.nextEntry
    const count = Math.min(pieceEntries, header.nextEntry - first)
    const read = file.readSync(piece.subarray(0, count * entryBytes), entryPosition(layout, first))
    let at = 0
    for (; at + entryBytes <= read; at += entryBytes) {
      const hash = view.getInt32(at)
      const physical = readInt64(view, at + 4)
      const slotAt = (hash % layout.slotCount) * slotBytes
      if (hash < 0 || !(physical >= lastPhysical) || view.getInt32(at + 12) < 0) break
      if (view.getInt32(at + 16) !== slots.getInt32(slotAt)) break
      if (physical >= limitPhysical) break
      if (slots.getInt32(slotAt) === 0) found.usedSlots += 1
      slots.setInt32(slotAt, found.nextEntry)
      found.nextEntry += 1
      lastPhysical = physical
      lastSeconds = view.getInt32(at + 12)
    }
    if (at < count * entryBytes) damage = `entry ${found.nextEntry} does not continue what is before it`
  }
  if (found.nextEntry < header.nextEntry) {
    found.endPhysical = lastPhysical
    found.endTimestamp = header.beginTimestamp + lastSeconds * 1000
  }
  return { header: found, slots, damage }
}

/** The slot table as the disk has it, for a file that was closed in order. */
export function readSlots(file: OpenFile, layout: IndexLayout, position: number): DataView {
  const slots = new Uint8Array(layout.slotCount * slotBytes)
  file.readSync(slots, position)
  return new DataView(slots.buffer)
}
