import { type Logger, utf8 } from '@aerobee/base'
import { failure, type Handler, success } from '@aerobee/net'
import { bodies, type commands, type RunTimeConfig } from '@aerobee/wire'
import type { Announcements } from '../registration.js'
import type { TopicTable } from '../topics.js'

type Update = typeof commands.updateBrokerConfig
type Get = typeof commands.getBrokerConfig

/**
 * Change settings that may change while the broker runs (request 25; reference: broker-behaviour 1.8). What the broker
 * may do to its topics as a whole is announced to the name servers at once.
 */
export function updateBrokerConfigHandler(parts: {
  config: { readonly brokerPermission: number }
  runTimeConfig: RunTimeConfig
  topics: TopicTable
  registration: Announcements
  logger: Logger
}): Handler<Update['request'], Update['response']> {
  const { config, runTimeConfig, topics, registration, logger } = parts
  return async ({ frame, connection }) => {
    const permission = config.brokerPermission
    const refused = runTimeConfig.update(frame.body)
    if (refused) return failure(refused.code, refused.remark)
    logger.info(`configuration version ${runTimeConfig.version.counter}`, { by: connection.remoteText })
    if (config.brokerPermission !== permission) {
      topics.advanceVersion()
      registration.announceAll()
      await registration.announced()
    }
    return success()
  }
}

/** All settings with their values now, those without effect here too (request 26). */
export function getBrokerConfigHandler({
  runTimeConfig,
}: {
  runTimeConfig: RunTimeConfig
}): Handler<Get['request'], Get['response']> {
  return () =>
    success({ version: bodies.dataVersion.text(runTimeConfig.version) }, utf8(runTimeConfig.text()))
}
