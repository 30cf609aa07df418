import type { ClientInstance } from '../client-instance.js'
import { homeDirectory } from '../environment.js'
import { BrokerOffsets } from './broker-offsets.js'
import { LocalOffsets } from './local-offsets.js'
import type { OffsetKeeper } from './offset-table.js'

/** Brokers for a clustering group, a file when broadcasting. */
export function offsetKeeper(
  instance: ClientInstance,
  group: string,
  options: { messageModel?: string; from?: unknown; localOffsetStoreDir?: string },
): OffsetKeeper {
  if (options.messageModel !== 'BROADCASTING')
    return new BrokerOffsets(instance, group, options.from === undefined)
  const root = options.localOffsetStoreDir ?? `${homeDirectory()}/.rocketmq_offsets`
  return new LocalOffsets(instance.surroundings.fileSystem, `${root}/${instance.clientId}/${group}`)
}
