import type { Logger } from '@aerobee/base'
import { type DestinationStream, pino } from 'pino'

export type LogFormat = 'json' | 'text'

/** Logs go to standard error: pino's lines for machines, short ones for people. */
export function serverLogger(format: LogFormat, level: string, write: (line: string) => void): Logger {
  const destination: DestinationStream = {
    write: format === 'json' ? write : (line) => write(textLine(line)),
  }
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
  }
}

const levelNames: Record<number, string> = { 20: 'debug', 30: 'info ', 40: 'WARN ', 50: 'ERROR', 60: 'FATAL' }

function textLine(json: string): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Record<string, unknown>
  const extra = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return `${String(time).slice(11, 23)} ${levelNames[Number(level)] ?? level} ${msg}${extra.join('')}\n`
}
