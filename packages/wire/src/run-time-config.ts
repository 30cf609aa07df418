import {
  type Clock,
  type ConfigTable,
  type ConfigValue,
  parseConfigValue,
  type TextFile,
  utf8Text,
} from '@aerobee/base'
import { type DataVersion, noDataVersion } from './bodies/common.js'
import { parsePropertiesText, propertiesText } from './properties-text.js'
import { responseCodes } from './response-codes.js'

export interface ConfigRefusal {
  code: number
  remark: string
}

/**
 * Configuration that may change over the network: the keys declared `dynamic`, and no others. One key that may not
 * change refuses the whole request, and nothing of it is applied (reference: broker-behaviour 1.8, "Ours").
 */
export class RunTimeConfig {
  readonly #table: ConfigTable
  readonly #config: Record<string, ConfigValue>
  readonly #file: TextFile | undefined
  readonly #clock: Pick<Clock, 'wallMs'>
  readonly #hidden: ReadonlySet<string>
  #version: DataVersion

  /**
   * `config` is changed in place, so that whoever reads it sees the new values. Without a file changes last until the
   * restart. `hidden` keys, credentials, are never answered.
   */
  constructor(
    table: ConfigTable,
    config: object,
    file: TextFile | undefined,
    clock: Pick<Clock, 'wallMs'>,
    hidden: ReadonlySet<string> = new Set(),
  ) {
    this.#table = table
    this.#config = config as Record<string, ConfigValue>
    this.#file = file
    this.#clock = clock
    this.#hidden = hidden
    this.#version = { ...noDataVersion(), timestamp: clock.wallMs() }
  }

  get version(): DataVersion {
    return this.#version
  }

  /** All keys but hidden ones with their values now, those without effect too, as sorted `key=value` lines. */
  text(): string {
    const shown = Object.entries(this.#config).filter(([name]) => !this.#hidden.has(name))
    return propertiesText(shown.map(([name, value]) => [name, String(value)]))
  }

  /**
   * undefined when applied, and saved where there is a file: what it held stays, the changed keys are put in. Unknown
   * keys are passed over, as upstream does. Throws AerobeeError IO_FAILED, with nothing applied.
   */
  update(body: Uint8Array): ConfigRefusal | undefined {
    const parsed = parsePropertiesText(utf8Text(body))
    if (!parsed.ok) return { code: responseCodes.SYSTEM_ERROR, remark: 'string2Properties error' }
    const changes = new Map<string, ConfigValue>()
    for (const [name, text] of parsed.value) {
      const key = Object.hasOwn(this.#table, name) ? this.#table[name]! : undefined
      if (!key) continue
      if (!key.dynamic)
        return { code: responseCodes.NO_PERMISSION, remark: 'Can not update config in black list.' }
      const value = parseConfigValue(name, key, text)
      if (!value.ok) return { code: responseCodes.INVALID_PARAMETER, remark: value.reason }
      changes.set(name, value.value)
    }
    if (changes.size > 0) this.#apply(changes)
    return undefined
  }

  #apply(changes: ReadonlyMap<string, ConfigValue>): void {
    if (this.#file) {
      const held = parsePropertiesText(this.#file.load() ?? '')
      const kept = new Map(held.ok ? held.value : [])
      for (const [name, value] of changes) kept.set(name, String(value))
      this.#file.save(propertiesText(kept))
    }
    for (const [name, value] of changes) this.#config[name] = value
    const { stateVersion, counter } = this.#version
    this.#version = { stateVersion, counter: counter + 1, timestamp: this.#clock.wallMs() }
  }
}
