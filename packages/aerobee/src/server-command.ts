import { homedir } from 'node:os'
import {
  AerobeeError,
  type ConfigOf,
  type ConfigSource,
  type ConfigTable,
  configText,
  errorText,
  type Logger,
  loadConfig,
} from '@aerobee/base'
import { environmentSource, fileSource } from './config-sources.js'
import { type LogFormat, serverLogger } from './server-log.js'
import { machine } from './system.js'

/** Variables that steer the command itself and are no configuration keys. */
export const ownVariables: ReadonlySet<string> = new Set([
  'AEROBEE_LOG_FORMAT',
  'AEROBEE_LOG_LEVEL',
  'AEROBEE_DATA',
  'AEROBEE_HOST',
  'AEROBEE_NAMESRV_PORT',
  'AEROBEE_BROKER_PORT',
])

/** A message for the user: one line on standard error, exit code 1. */
export function refuse(thrown: unknown): never {
  process.stderr.write(`aerobee: ${errorText(thrown)}\n`)
  process.exit(1)
}

export function commandLogger(): Logger {
  const format: LogFormat =
    (process.env.AEROBEE_LOG_FORMAT ?? (process.stderr.isTTY ? 'text' : 'json')) === 'text' ? 'text' : 'json'
  return serverLogger(format, process.env.AEROBEE_LOG_LEVEL ?? 'info', (line) => process.stderr.write(line))
}

export interface ServerConfigInput<T extends ConfigTable> {
  table: T
  configFile: string | undefined
  /** Flags of the command line, the strongest source. */
  flags: Readonly<Record<string, string>>
  /** The weakest source: what the command itself prefers over the table's defaults. */
  preset?: Readonly<Record<string, string>>
  /** Keys whose values are paths. */
  pathKeys: readonly (keyof T & string)[]
}

/** Effective configuration and the warnings to log. Throws AerobeeError INVALID_CONFIG. */
export function serverConfig<T extends ConfigTable>(
  input: ServerConfigInput<T>,
): { config: ConfigOf<T>; warnings: string[] } {
  const sources: ConfigSource[] = [{ name: 'preset', values: input.preset ?? {} }]
  if (input.configFile !== undefined)
    sources.push(fileSource(input.configFile, (path) => machine.fileSystem.readFileSync(path)))
  sources.push(environmentSource(input.table, process.env, ownVariables))
  sources.push({ name: 'command line', values: input.flags })
  const loaded = loadConfig(input.table, sources)
  const config = loaded.config as Record<string, unknown>
  for (const key of input.pathKeys) {
    const path = config[key]
    if (typeof path === 'string' && path.startsWith('~/')) config[key] = homedir() + path.slice(1)
  }
  return loaded
}

/** `-p`: the effective configuration as RocketMQ's key=value lines. */
export function printConfig(config: object): void {
  process.stdout.write(configText(config as Record<string, string | number | boolean>))
}

/** A whole number in [0, 65535] given to a port option. */
export function port(option: string, value: string): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || number > 65535)
    throw new AerobeeError(
      'INVALID_CONFIG',
      `${option} ${value} is not acceptable: expected a port in [0, 65535]; 0 means any free one`,
    )
  return number
}
