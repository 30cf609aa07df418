import type { Clock, MonoMs } from '@aerobee/base'
import type { Connection } from '@aerobee/net'

export interface ProducerClient {
  readonly connection: Connection
  clientId: string
  language: string | null
  version: number
  lastSeenMonoMs: MonoMs
}

/** Live producers by group (reference: broker-behaviour 6); a group is dropped with its last member. */
export class Producers {
  readonly #clock: Clock
  readonly #groups = new Map<string, Map<Connection, ProducerClient>>()
  /** Names of the groups of a connection, so that its end does not look at all groups. */
  readonly #joined = new Map<Connection, Set<string>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get all(): ReadonlyMap<string, ReadonlyMap<Connection, ProducerClient>> {
    return this.#groups
  }

  register(
    group: string,
    client: { connection: Connection; clientId: string; language: string | null; version: number },
  ): void {
    let clients = this.#groups.get(group)
    if (!clients) {
      clients = new Map()
      this.#groups.set(group, clients)
    }
    const known = clients.get(client.connection)
    const lastSeenMonoMs = this.#clock.monoMs()
    if (known) {
      known.clientId = client.clientId
      known.lastSeenMonoMs = lastSeenMonoMs
      return
    }
    clients.set(client.connection, { ...client, lastSeenMonoMs })
    const joined = this.#joined.get(client.connection)
    if (joined) joined.add(group)
    else this.#joined.set(client.connection, new Set([group]))
  }

  leave(group: string, connection: Connection): void {
    const clients = this.#groups.get(group)
    if (!clients?.delete(connection)) return
    if (clients.size === 0) this.#groups.delete(group)
    const joined = this.#joined.get(connection)
    if (joined?.delete(group) && joined.size === 0) this.#joined.delete(connection)
  }

  leaveAll(connection: Connection): void {
    for (const group of [...(this.#joined.get(connection) ?? [])]) this.leave(group, connection)
  }

  /** Drops members silent for longer than `silentMs`, and gives their connections. */
  expire(silentMs: number): Connection[] {
    const before = this.#clock.monoMs() - silentMs
    const expired: Connection[] = []
    for (const [group, clients] of [...this.#groups]) {
      for (const client of [...clients.values()]) {
        if (client.lastSeenMonoMs >= before) continue
        this.leave(group, client.connection)
        expired.push(client.connection)
      }
    }
    return expired
  }
}
