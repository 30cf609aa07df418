import { failure, type Reply } from '@aerobee/net'
import { type commands, type Encodable, responseCodes } from '@aerobee/wire'
import type { BrokerConfig } from '../config-keys.js'
import { illegalText } from '../delivery/texts.js'

export type SendFields = Partial<Encodable<(typeof commands.sendMessage)['response']>>
export type SendReply = Reply<(typeof commands.sendMessage)['response']>

/** Every answer to a send carries these two, errors included. */
export const commonFields = (config: Pick<BrokerConfig, 'traceOn' | 'regionId'>): SendFields => ({
  traceOn: config.traceOn,
  region: config.regionId,
})

export const refuse = (config: BrokerConfig, code: number, remark: string): SendReply =>
  failure(code, remark, commonFields(config))

export const illegalMessage = (config: BrokerConfig): SendReply =>
  refuse(config, responseCodes.MESSAGE_ILLEGAL, illegalText(config.maxMessageSize))
