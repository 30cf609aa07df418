import type { Clock, Random } from '@aerobee/base'
import type { NewMessage } from '@aerobee/store'
import { propertyNames, propertyText, removeProperty, responseCodes, systemTopicNames } from '@aerobee/wire'
import type { BrokerConfig } from '../config-keys.js'
import { type PutRefusal, redirect, type TimerHook } from '../delivery/put.js'
import { slotFor, timerProperties, wantedTime } from './due.js'

export type TimerSettings = Pick<
  BrokerConfig,
  'timerWheelEnable' | 'timerMaxDelaySec' | 'timerPrecisionMs' | 'timerCongestNumEachSlot'
>

export interface TimerHookParts {
  config: TimerSettings
  clock: Clock
  random: Random
  /** Timers in the slot of a time. */
  slotCount(slotMs: number): number
}

/** Sends timer messages to the timer's topic (reference: broker-behaviour 3.5, 3b to 3d). */
export function timerHook(parts: TimerHookParts): TimerHook {
  const { config, clock } = parts
  return {
    apply(message: NewMessage): PutRefusal | undefined {
      if (!config.timerWheelEnable) return refusals.notEnabled
      const found = timerProperties(message.properties)
      const nowMs = clock.wallMs()
      const wantedMs = wantedTime(found, nowMs)
      if (Number.isNaN(wantedMs)) return refusals.illegal(config)
      if (wantedMs <= nowMs) return found.takesBack === undefined ? undefined : refusals.illegal(config)
      if (wantedMs - nowMs > config.timerMaxDelaySec * 1000) return refusals.illegal(config)
      const slotMs = slotFor(wantedMs, config.timerPrecisionMs)
      if (isCongested(parts, slotMs)) return refusals.congested(config)
      const { timerOutMs } = propertyNames
      if (found.outMs !== undefined) message.properties = removeProperty(message.properties, timerOutMs)
      redirect(message, systemTopicNames.timer, 0, propertyText(timerOutMs, String(slotMs)))
      return undefined
    },
  }
}

const unbounded = 0x7fff_ffff

/** Reference: broker-behaviour 8.4, the more often the fuller. */
function isCongested({ config, slotCount, random }: TimerHookParts, slotMs: number): boolean {
  const limit = config.timerCongestNumEachSlot
  if (limit >= unbounded) return false
  const count = slotCount(slotMs)
  if (count <= limit) return false
  return count >= limit * 2 || random.below(1000) < (1000 * (count - limit)) / limit
}

const refusals = {
  notEnabled: {
    code: responseCodes.SYSTEM_ERROR,
    remark: 'accurate timer message is not enabled, timerWheelEnable is false',
  },
  illegal: ({ timerMaxDelaySec }: TimerSettings): PutRefusal => ({
    code: responseCodes.MESSAGE_ILLEGAL,
    remark:
      `timer message illegal, the delay time should not be bigger than the max delay ${timerMaxDelaySec * 1000}ms; ` +
      'or if set del msg, the delay time should be bigger than the current time',
  }),
  congested: ({ timerCongestNumEachSlot: limit }: TimerSettings): PutRefusal => ({
    code: responseCodes.SYSTEM_ERROR,
    remark:
      `timer message is under flow control, max num limit is ${limit * 2} or the current value is ` +
      `greater than ${limit} and less than ${limit * 2}, trigger random flow control`,
  }),
}
