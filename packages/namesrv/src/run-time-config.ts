import { type ConfigTable, type ConfigValue, configText, parseConfigValue } from '@aerobee/base'
import { parsePropertiesText, responseCodes } from '@aerobee/wire'
import type { DocumentFile } from './kv-config.js'

/**
 * Configuration that may change over the network: the keys declared `dynamic`, and no others. One key that may not change
 * refuses the whole request, and nothing of it is applied (reference: broker-behaviour 1.8, "Ours").
 */
export interface ConfigRefusal {
  code: number
  remark: string
}

export class RunTimeConfig {
  readonly #table: ConfigTable
  readonly #config: Record<string, ConfigValue>
  readonly #file: DocumentFile | undefined

  /** `config` is changed in place, so that whoever reads it sees the new values. */
  constructor(table: ConfigTable, config: object, file: DocumentFile | undefined) {
    this.#table = table
    this.#config = config as Record<string, ConfigValue>
    this.#file = file
  }

  /** All keys as sorted `key=value` lines. */
  text(): string {
    return configText(this.#config)
  }

  /** undefined when applied, and saved where there is a file. Unknown keys are passed over, as upstream does. */
  update(body: Uint8Array): ConfigRefusal | undefined {
    const parsed = parsePropertiesText(new TextDecoder().decode(body))
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
    if (changes.size === 0) return undefined
    this.#file?.save(configText({ ...this.#config, ...Object.fromEntries(changes) }))
    for (const [name, value] of changes) this.#config[name] = value
    return undefined
  }
}
