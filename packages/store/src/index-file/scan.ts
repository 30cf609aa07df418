import type { OpenFile } from '@aerobee/base'
import { entryBytes, entryPosition, type IndexHeader, type IndexLayout, slotBytes } from './layout.js'

const pieceEntries = 65_536
const two32 = 0x1_0000_0000

export interface IndexScan {
  /** What the entries prove; `nextEntry` below the given header's where they are damaged. */
  header: IndexHeader
  slots: DataView
  /** Why the scan ended before the header's count, at damage or at the limit; undefined when it did not. */
  damage: string | undefined
}

/**
 * Computes the slots from the entries, for a file whose slots were not written or cannot be trusted, and checks every
 * entry on the way: offsets never go back, and each points at the entry of its slot before it. Ends before the first
 * entry that breaks this, or that lies at `limitPhysical` or beyond. Twenty million entries take one or two seconds.
 */
export function scanEntries(
  file: OpenFile,
  layout: IndexLayout,
  header: IndexHeader,
  limitPhysical = Number.POSITIVE_INFINITY,
): IndexScan {
  const { slotCount } = layout
  const slots = new DataView(new ArrayBuffer(slotCount * slotBytes))
  const piece = Buffer.allocUnsafe(Math.min(pieceEntries, header.nextEntry) * entryBytes)
  const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength)
  let lastPhysical = header.beginPhysical
  let lastSeconds = 0
  let usedSlots = 0
  let nextEntry = 1
  let whole = true
  while (whole && nextEntry < header.nextEntry) {
    const wanted = Math.min(pieceEntries, header.nextEntry - nextEntry) * entryBytes
    const read = file.readSync(piece.subarray(0, wanted), entryPosition(layout, nextEntry))
    let at = 0
    for (; at + entryBytes <= read; at += entryBytes) {
      const hash = view.getInt32(at)
      const physical = view.getInt32(at + 4) * two32 + view.getUint32(at + 8)
      const seconds = view.getInt32(at + 12)
      if (hash < 0 || seconds < 0 || physical < lastPhysical || physical >= limitPhysical) break
      const slotAt = (hash % slotCount) * slotBytes
      const before = slots.getInt32(slotAt)
      if (view.getInt32(at + 16) !== before) break
      if (before === 0) usedSlots += 1
      slots.setInt32(slotAt, nextEntry)
      nextEntry += 1
      lastPhysical = physical
      lastSeconds = seconds
    }
    whole = at === wanted
  }
  const found: IndexHeader = { ...header, usedSlots, nextEntry }
  if (whole) return { header: found, slots, damage: undefined }
  found.endPhysical = lastPhysical
  found.endTimestamp = header.beginTimestamp + lastSeconds * 1000
  return { header: found, slots, damage: `entry ${nextEntry} does not continue what is before it` }
}

/** The slot table as the disk has it, for a file that was closed in order. */
export function readSlots(file: OpenFile, layout: IndexLayout, position: number): DataView {
  const slots = new Uint8Array(layout.slotCount * slotBytes)
  file.readSync(slots, position)
  return new DataView(slots.buffer)
}
