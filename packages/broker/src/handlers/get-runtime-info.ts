import { type Handler, success } from '@aerobee/net'
import { bodies, type commands } from '@aerobee/wire'
import { type RuntimeParts, runtimeInfo } from '../admin/runtime-info.js'

type Get = typeof commands.getBrokerRuntimeInfo

/** Version, rates, space and the like (request 28; reference: broker-behaviour 13). */
export function getRuntimeInfoHandler(parts: RuntimeParts): Handler<Get['request'], Get['response']> {
  return async () => success(null, bodies.kvTable.encode({ table: await runtimeInfo(parts) }))
}
