import { bad, good, type Result } from '@aerobee/base'
import type { Subscription } from '@aerobee/filter'
import type { ConsumeType, MessageModel } from './consumers.js'

export interface ConsumerData {
  groupName: string
  consumeType: ConsumeType
  messageModel: MessageModel
  consumeFromWhere: string
  subscriptionDataSet: readonly Subscription[]
  unitMode: boolean
}
export interface HeartbeatData {
  clientID: string
  producerDataSet: readonly { groupName: string }[]
  consumerDataSet: readonly ConsumerData[]
  heartbeatFingerprint: number
  withoutSub: boolean
}
export function decodeHeartbeatData(body: Uint8Array): Result<HeartbeatData> {
  try {
    return good(
      JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8')) as HeartbeatData,
    )
  } catch {
    return bad('no JSON')
  }
}
