import type { MessageQueue } from './route.js'

/** Brokers of static topics have names of this kind: they stand for whichever broker has the queue now. */
const logicalPrefix = '__syslo__'
/** Of a queue that no broker has. */
const nobody = '__syslo__none__'
const globalScope = '__global__'
/** As many as a topic may have. */
const mostQueues = 65_536

export const isLogical = (brokerName: string): boolean => brokerName.startsWith(logicalPrefix)

/** A queue of a static topic, and the broker that has it now. */
export interface StaticQueue {
  readonly queue: MessageQueue
  readonly brokerName: string
}

interface Mapping {
  scope: string
  brokerName: string
  epoch: number
  totalQueues: number
  /** Logical ids that the broker has. */
  ids: readonly number[]
}

/**
 * Reads the mappings in the route of a static topic, one from each broker that ever had queues of it:
 *
 *   { "broker-a": { "bname", "scope", "epoch", "totalQueues", "currIdMap": { logical id: id at the broker } }, … }
 *
 * Of two brokers that say they have a queue the one with the higher epoch does. undefined: the topic is no static one.
 */
export function staticQueues(topic: string, mappingByBroker: unknown): StaticQueue[] | undefined {
  if (typeof mappingByBroker !== 'object' || mappingByBroker === null) return undefined
  const mappings = Object.entries(mappingByBroker).flatMap(([name, json]) => mappingOf(name, json) ?? [])
  if (mappings.length === 0) return undefined
  const queues: StaticQueue[] = []
  for (const scope of new Set(mappings.map((one) => one.scope))) {
    const ofScope = mappings.filter((one) => one.scope === scope).sort((a, b) => b.epoch - a.epoch)
    const owners = new Map<number, string>()
    for (const { ids, brokerName } of ofScope)
      for (const id of ids) if (!owners.has(id)) owners.set(id, brokerName)
    const total = Math.max(...ofScope.map((one) => one.totalQueues))
    const brokerName = logicalName(scope)
    for (let queueId = 0; queueId < Math.min(total, mostQueues); queueId++)
      queues.push({ queue: { topic, brokerName, queueId }, brokerName: owners.get(queueId) ?? nobody })
  }
  return queues.sort((a, b) => a.queue.queueId - b.queue.queueId)
}

const logicalName = (scope: string): string =>
  `${logicalPrefix}${scope === globalScope ? scope.slice(2) : scope}`

function mappingOf(name: string, json: unknown): Mapping | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  const { scope, bname, epoch, totalQueues, currIdMap } = json as Record<string, unknown>
  if (typeof totalQueues !== 'number' || !Number.isInteger(totalQueues) || totalQueues < 0) return undefined
  const ids = typeof currIdMap === 'object' && currIdMap !== null ? Object.keys(currIdMap).map(Number) : []
  return {
    scope: typeof scope === 'string' ? scope : globalScope,
    brokerName: typeof bname === 'string' ? bname : name,
    epoch: typeof epoch === 'number' ? epoch : 0,
    totalQueues,
    ids,
  }
}
