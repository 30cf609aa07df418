import { type Clock, endOfTurn } from '@aerobee/base'
import {
  type MessageStore,
  type RecordPlace,
  rolls,
  slotTimeOf,
  type TimerLog,
  type TimerUnit,
  takesBack,
} from '@aerobee/store'
import { decodeRecord, type MessageRecord } from '@aerobee/wire'
import { timerProperties } from './due.js'
import { noteUnit } from './open-slot.js'

export interface SlotReaderParts {
  store: MessageStore
  log: TimerLog
  clock: Clock
}

export interface SlotContents {
  /** Newest first, without those that take others back, as `noteUnit` notes them. */
  units: number[]
  takenBack: string[]
  /** Why older ones could not be read. */
  damage: string | undefined
}

/** After so many units everybody else may do something. */
const unitsPerTurn = 2000

/** Reads the timers of a slot along their chain, beginning with the last. Rejects with IO_FAILED. */
export async function readSlotTimers(
  { store, log, clock }: SlotReaderParts,
  timeMs: number,
  last: number,
): Promise<SlotContents> {
  const units: number[] = []
  const takenBack: string[] = []
  let read = 0
  for (let position = last; position >= log.start; ) {
    const found = log.read(position)
    const unit = found instanceof Promise ? await found : found
    if (unit === undefined || slotTimeOf(unit) !== timeMs || unit.previous >= position)
      return {
        units,
        takenBack,
        damage: `The timer log is damaged at ${position}: the slot ${timeMs} ends there.`,
      }
    if (takesBack(unit) && !rolls(unit)) {
      const key = await takenBackKey(store, unit)
      if (key !== undefined) takenBack.push(key)
    } else noteUnit(units, unit)
    position = unit.previous
    if (++read % unitsPerTurn === 0) await endOfTurn(clock)
  }
  return { units, takenBack, damage: undefined }
}

async function takenBackKey(store: MessageStore, unit: TimerUnit): Promise<string | undefined> {
  const [record] = await timerRecords(store, [unit])
  return record && timerProperties(record.properties).takesBack
}

/** The messages of timers, each undefined when the log does not hold it any more. Rejects with IO_FAILED. */
export function timerRecords(
  store: MessageStore,
  places: readonly RecordPlace[],
): (MessageRecord | undefined)[] | Promise<(MessageRecord | undefined)[]> {
  const inMemory: MessageRecord[] = []
  for (const { physicalOffset, sizeBytes } of places) {
    const record = decoded(store.recordNow(physicalOffset, sizeBytes))
    if (record === undefined) return store.recordsAt(places).then((all) => all.map(decoded))
    inMemory.push(record)
  }
  return inMemory
}

function decoded(bytes: Uint8Array | undefined): MessageRecord | undefined {
  if (bytes === undefined) return undefined
  const record = decodeRecord(bytes)
  return record.ok ? record.value : undefined
}
