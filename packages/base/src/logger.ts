export type LogFields = Readonly<Record<string, unknown>>

/** What library code logs through. Always injected; silent when nobody gives one. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

const ignore = () => {}
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/** A logger that puts `fields` on every line. */
export function withFields(logger: Logger, fields: LogFields): Logger {
  const merged = (more?: LogFields) => (more ? { ...fields, ...more } : fields)
  return {
    debug: (message, more) => logger.debug(message, merged(more)),
    info: (message, more) => logger.info(message, merged(more)),
    warn: (message, more) => logger.warn(message, merged(more)),
    error: (message, more) => logger.error(message, merged(more)),
  }
}
