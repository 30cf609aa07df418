import { AerobeeError, bad, good, type Result, type TextFile } from '@aerobee/base'

/** Namespace of the order topics: topic -> `broker:queues;broker:queues`. */
export const orderTopicNamespace = 'ORDER_TOPIC_CONFIG'

/**
 * Namespaced key-value configuration (codes 100-102, 219), saved at every change as RocketMQ does:
 * `{"configTable":{"namespace":{"key":"value"}}}`.
 */
export class KvConfig {
  readonly #file: TextFile
  readonly #table = new Map<string, Map<string, string>>()

  /** Throws AerobeeError STORE_CORRUPT when the file holds something else. */
  constructor(file: TextFile) {
    this.#file = file
    const text = file.load()
    if (text === undefined || text.trim() === '') return
    const parsed = parseTable(text)
    if (!parsed.ok)
      throw new AerobeeError(
        'STORE_CORRUPT',
        `The key-value configuration is not readable: ${parsed.reason}. Repair or remove the file.`,
      )
    this.#table = parsed.value
  }

  get(namespace: string, key: string): string | undefined {
    return this.#table.get(namespace)?.get(key)
  }

  list(namespace: string): ReadonlyMap<string, string> | undefined {
    return this.#table.get(namespace)
  }

  put(namespace: string, key: string, value: string): void {
    let entries = this.#table.get(namespace)
    if (!entries) {
      entries = new Map()
      this.#table.set(namespace, entries)
    }
    entries.set(key, value)
    this.#save()
  }

  delete(namespace: string, key: string): void {
    if (this.#table.get(namespace)?.delete(key)) this.#save()
  }

  #save(): void {
    const configTable = Object.fromEntries(
      [...this.#table].map(([namespace, entries]) => [namespace, Object.fromEntries(entries)]),
    )
    this.#file.save(JSON.stringify({ configTable }))
  }
}

function parseTable(text: string): Result<Map<string, Map<string, string>>> {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return bad('it is not JSON')
  }
  const source = isRecord(document) ? document.configTable : undefined
  if (!isRecord(source)) return bad('configTable is missing')
  const table = new Map<string, Map<string, string>>()
  for (const [namespace, entries] of Object.entries(source)) {
    if (!isRecord(entries)) return bad(`namespace ${namespace} is not an object`)
    table.set(namespace, new Map(Object.entries(entries).map(([key, value]) => [key, String(value)])))
  }
  return good(table)
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
