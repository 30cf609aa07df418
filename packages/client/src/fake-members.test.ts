import { type Connection, failure, type Reply, success } from '@aerobee/net'
import { bodies, commands, type RequestOf, responseCodes } from '@aerobee/wire'

/** Members of the groups of a stand-in broker: group -> client id -> connection. All hear of every change. */
export class FakeMembers extends Map<string, Map<string, Connection>> {
  /** Encoded, until the group changes. */
  readonly #lists = new Map<string, Uint8Array>()

  join(group: string, clientId: string, connection: Connection): void {
    const clients = this.get(group) ?? new Map<string, Connection>()
    this.set(group, clients)
    const known = clients.get(clientId)
    clients.set(clientId, connection)
    if (known !== connection) this.#notify(group)
  }

  unregister({ consumerGroup, clientID }: RequestOf<typeof commands.unregisterClient>): Reply {
    if (consumerGroup !== undefined && this.get(consumerGroup)?.delete(clientID)) this.#notify(consumerGroup)
    return success()
  }

  left(connection: Connection): void {
    for (const [group, clients] of this)
      for (const [clientId, one] of clients)
        if (one === connection) {
          clients.delete(clientId)
          this.#notify(group)
        }
  }

  list(group: string): Reply {
    let list = this.#lists.get(group)
    if (!list) {
      const ids = [...(this.get(group)?.keys() ?? [])]
      if (ids.length === 0) return failure(responseCodes.SYSTEM_ERROR, `no consumer for this group, ${group}`)
      list = bodies.consumerIdList.encode({ consumerIdList: ids })
      this.#lists.set(group, list)
    }
    return success(null, list)
  }

  override clear(): void {
    super.clear()
    this.#lists.clear()
  }

  #notify(consumerGroup: string): void {
    this.#lists.delete(consumerGroup)
    for (const connection of this.get(consumerGroup)?.values() ?? [])
      connection.notify(commands.notifyConsumerIdsChanged, { consumerGroup })
  }
}
