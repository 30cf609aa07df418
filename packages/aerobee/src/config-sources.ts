import { AerobeeError, type ConfigSource, type ConfigTable } from '@aerobee/base'
import { parsePropertiesText } from '@aerobee/wire'

/**
 * Where configuration comes from, in rising precedence: file, environment, flags.
 *
 *   file         RocketMQ's .conf / .properties
 *   environment  AEROBEE_LISTEN_PORT or AEROBEE_listenPort -> listenPort
 *   flags        --listenPort 9876 or --listenPort=9876
 */
const environmentPrefix = 'AEROBEE_'

export interface SplitArguments {
  /** What commander parses. */
  known: string[]
  /** Configuration keys given as flags. */
  keys: Record<string, string>
}

/** Takes `--key value` pairs whose key is none of `ownFlags` out of the arguments. */
export function splitKeyFlags(args: readonly string[], ownFlags: ReadonlySet<string>): SplitArguments {
  const known: string[] = []
  const keys: Record<string, string> = {}
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!
    const equals = argument.indexOf('=')
    const name = equals < 0 ? argument : argument.slice(0, equals)
    if (!name.startsWith('--') || name === '--' || ownFlags.has(name)) {
      known.push(argument)
      continue
    }
    const value = equals < 0 ? args[++i] : argument.slice(equals + 1)
    if (value === undefined)
      throw new AerobeeError('INVALID_CONFIG', `command line: ${name} needs a value: ${name} VALUE`)
    keys[name.slice(2)] = value
  }
  return { known, keys }
}

/** Variables of the environment that name a key of the table; `reserved` names belong to the command itself. */
export function environmentSource(
  table: ConfigTable,
  environment: Readonly<Record<string, string | undefined>>,
  reserved: ReadonlySet<string> = new Set(),
): ConfigSource {
  const plain = (name: string) => name.replaceAll('_', '').toLowerCase()
  const byPlainName = new Map(Object.keys(table).map((key) => [plain(key), key]))
  const values: Record<string, string> = {}
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(environmentPrefix) || value === undefined || reserved.has(variable)) continue
    const name = variable.slice(environmentPrefix.length)
    values[byPlainName.get(plain(name)) ?? name] = value
  }
  return { name: 'environment', values }
}

/** Throws AerobeeError INVALID_CONFIG when the file is missing or no properties text. */
export function fileSource(path: string, read: (path: string) => Uint8Array | undefined): ConfigSource {
  const content = read(path)
  if (content === undefined)
    throw new AerobeeError(
      'INVALID_CONFIG',
      `${path}: no such file; -c takes a RocketMQ .conf or .properties file`,
    )
  const parsed = parsePropertiesText(new TextDecoder().decode(content))
  if (!parsed.ok) throw new AerobeeError('INVALID_CONFIG', `${path}: ${parsed.reason}`)
  return { name: path, values: Object.fromEntries(parsed.value) }
}
