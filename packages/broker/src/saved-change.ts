import type { Clock } from '@aerobee/base'
import { advance, type DataVersion } from './data-version.js'

export interface SavedTables {
  version: DataVersion
  clock: Clock
  /** What `apply` may change. */
  tables: readonly Map<string, unknown>[]
  save(): void
}

/** Changes tables, counts their version and saves them. What the failing save of a change throws leaves everything as it was. */
export function changeSaved({ version, clock, tables, save }: SavedTables, apply: () => void): void {
  const before = tables.map((table) => [...table])
  const versionBefore = { ...version }
  apply()
  advance(version, clock)
  try {
    save()
  } catch (thrown) {
    for (const [i, table] of tables.entries()) {
      table.clear()
      for (const [name, value] of before[i]!) table.set(name, value)
    }
    Object.assign(version, versionBefore)
    throw thrown
  }
}
