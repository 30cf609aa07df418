import { utf8 } from '@aerobee/base'
import { failure, type Registration, serve, success } from '@aerobee/net'
import { bodies, commands, responseCodes } from '@aerobee/wire'
import type { NameServerParts } from './context.js'

/** 100-102, 219, 318, 319 (reference: broker-behaviour 1.7, 1.8). */
export function configurationHandlers(parts: NameServerParts): Registration[] {
  const { kv, runTimeConfig } = parts
  return [
    serve(commands.putKvConfig, ({ request }) => {
      kv.put(request.namespace, request.key, request.value)
      return success()
    }),
    serve(commands.getKvConfig, ({ request }) => {
      const value = kv.get(request.namespace, request.key)
      if (value !== undefined) return success({ value })
      const remark = `No config item, Namespace: ${request.namespace} Key: ${request.key}`
      return failure(responseCodes.QUERY_NOT_FOUND, remark)
    }),
    serve(commands.deleteKvConfig, ({ request }) => {
      kv.delete(request.namespace, request.key)
      return success()
    }),
    serve(commands.getKvListByNamespace, ({ request }) => {
      const entries = kv.list(request.namespace)
      return entries
        ? success(null, bodies.kvTable.encode({ table: Object.fromEntries(entries) }))
        : failure(responseCodes.QUERY_NOT_FOUND, `No config item, Namespace: ${request.namespace}`)
    }),
    serve(commands.updateNameServerConfig, ({ frame }) => {
      const refused = runTimeConfig.update(frame.body)
      return refused ? failure(refused.code, refused.remark) : success()
    }),
    serve(commands.getNameServerConfig, () => success(null, utf8(runTimeConfig.text()))),
  ]
}
