import { assert } from '@aerobee/base'
import type { Command } from '../command.js'
import * as all from './all.js'

/** Every command there is, ordered by receiver and code. */
export const allCommands: readonly Command[] = (Object.values(all) as unknown as Command[]).sort(
  byReceiverAndCode,
)

export type Receiver = Command['receiver']

/** Plain comparison: the first locale-aware one of a process costs 10 ms. */
function byReceiverAndCode(a: Command, b: Command): number {
  if (a.receiver !== b.receiver) return a.receiver < b.receiver ? -1 : 1
  return a.code - b.code
}

const byCode: Record<Receiver, Map<number, Command>> = {
  broker: new Map(),
  nameServer: new Map(),
  controller: new Map(),
  client: new Map(),
}
const codesByName = new Map<string, number>()
const namesByCode = new Map<number, string>()

for (const command of allCommands) {
  const commands = byCode[command.receiver]
  assert(!commands.has(command.code), `two commands to the ${command.receiver} have code ${command.code}`)
  const known = codesByName.get(command.name) ?? command.code
  assert(known === command.code, `two commands named ${command.name} have different codes`)
  commands.set(command.code, command)
  codesByName.set(command.name, command.code)
  namesByCode.set(command.code, command.name)
}

/** undefined for a code that is not in the table. */
export function commandByCode(receiver: Receiver, code: number): Command | undefined {
  return byCode[receiver].get(code)
}

/** What a receiver may be asked, served or not. */
export function commandsOf(receiver: Receiver): Command[] {
  return [...byCode[receiver].values()]
}

/** Code of each request by RocketMQ's constant, e.g. `SEND_MESSAGE_V2`. */
export const requestCodes: ReadonlyMap<string, number> = codesByName

/** The constant as logs and metrics print it, or `CODE_12345` for a code that is not in the table. */
export function requestCodeName(code: number): string {
  return namesByCode.get(code) ?? `CODE_${code}`
}
