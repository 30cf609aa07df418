import {
  AtomicFile,
  bad,
  type Clock,
  type FileSystem,
  good,
  type Logger,
  makeDurableDirectory,
  type Result,
} from '@aerobee/base'
import { parseLenientJson } from '@aerobee/wire'
import { configText, type TableLayout } from './config-text.js'

/** The maps in each of RocketMQ's files (reference: storage 2.5); all else are objects with fixed fields. */
const tablesOf = {
  'topics.json': { topicConfigTable: { keys: 'text' } },
  'subscriptionGroup.json': {
    subscriptionGroupTable: { keys: 'text' },
    forbiddenTable: { keys: 'text', values: { keys: 'text' } },
  },
  'consumerOffset.json': {
    offsetTable: { keys: 'text', values: { keys: 'number' } },
    groupTopicMap: { keys: 'text' },
  },
  'consumerFilter.json': { filterDataByTopic: { keys: 'text' } },
  'lmqConsumerOffset.json': {
    lmqOffsetTable: { keys: 'text' },
    offsetTable: { keys: 'text', values: { keys: 'number' } },
    groupTopicMap: { keys: 'text' },
  },
  'delayOffset.json': { offsetTable: { keys: 'number' } },
  transactionMetrics: { transactionCount: { keys: 'text' } },
  timermetrics: { timingCount: { keys: 'text' } },
} as const satisfies Record<string, Record<string, TableLayout>>

export type ConfigFileName = keyof typeof tablesOf

export interface ConfigFilePlace {
  fileSystem: FileSystem
  clock: Clock
  logger: Logger
  /** `<store>/config`; made when missing. */
  directory: string
}

/**
 * One file of `<store>/config`, in RocketMQ's text form and replaced atomically. Documents are plain objects as JSON
 * gives them; maps of integers have their keys as text (`{"0":12}`).
 */
export class ConfigFile {
  readonly #file: AtomicFile
  readonly #tables: Readonly<Record<string, TableLayout>>

  /** Throws IO_FAILED when the directory cannot be made. */
  constructor(place: ConfigFilePlace, name: ConfigFileName) {
    const { fileSystem, clock, logger, directory } = place
    makeDurableDirectory(fileSystem, directory)
    this.#file = new AtomicFile({ fileSystem, clock, logger, path: `${directory}/${name}` })
    this.#tables = tablesOf[name]
  }

  /** The document last saved, by us or by RocketMQ; undefined when there is none. Throws STORE_CORRUPT, IO_FAILED. */
  load(): Record<string, unknown> | undefined {
    return this.#file.load(parseDocument)
  }

  /** Durable when it returns. Throws IO_FAILED, with the file as it was. */
  save(document: object): void {
    this.#file.saveSync(configText(document, this.#tables))
  }

  /** Off the event loop: resolves when this document, or one given later, is durable. */
  saveInBackground(document: object): Promise<void> {
    return this.#file.save(configText(document, this.#tables))
  }
}

function parseDocument(text: string): Result<Record<string, unknown>> {
  // Our own file: a broker may have more topics than a peer may send.
  const parsed = parseLenientJson(text, Number.MAX_SAFE_INTEGER)
  if (!parsed.ok) return parsed
  const { value } = parsed
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return bad('it holds no JSON object')
  return good(value as Record<string, unknown>)
}
