import { type Clock, limits, type MonoMs } from '@aerobee/base'
import type { Connection } from '@aerobee/net'

export interface ProducerClient {
  readonly connection: Connection
  clientId: string
  language: string | null
  version: number
  lastSeenMonoMs: MonoMs
}

interface Turn {
  readonly members: readonly Connection[]
  next: number
}

/** Members that are asked in turn: so many that cannot take more are passed over (reference: broker-behaviour 6.9). */
const triesForRoom = 3

/** Live producers by group (reference: broker-behaviour 6); a group is dropped with its last member. */
export class Producers {
  readonly #clock: Clock
  readonly #groups = new Map<string, Map<Connection, ProducerClient>>()
  /** Whose turn it is, by group. */
  readonly #turns = new Map<string, Turn>()
  /** Connection of a client id: the one registered last. */
  readonly #byClientId = new Map<string, Connection>()
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
    if (known && known.clientId !== client.clientId) this.#forgetId(known)
    this.#byClientId.set(client.clientId, client.connection)
    if (known) {
      known.clientId = client.clientId
      known.lastSeenMonoMs = lastSeenMonoMs
      return
    }
    clients.set(client.connection, { ...client, lastSeenMonoMs })
    this.#turns.delete(group)
    const joined = this.#joined.get(client.connection)
    if (joined) joined.add(group)
    else this.#joined.set(client.connection, new Set([group]))
  }

  leave(group: string, connection: Connection): void {
    const clients = this.#groups.get(group)
    const client = clients?.get(connection)
    if (!clients || !client) return
    clients.delete(connection)
    this.#turns.delete(group)
    if (clients.size === 0) this.#groups.delete(group)
    const joined = this.#joined.get(connection)
    if (!joined?.delete(group) || joined.size > 0) return
    this.#joined.delete(connection)
    this.#forgetId(client)
  }

  /** Where a client can be reached; undefined when it is no producer here. */
  connectionOf(clientId: string): Connection | undefined {
    return this.#byClientId.get(clientId)
  }

  /** The member whose turn it is; undefined when none is connected. */
  next(group: string): Connection | undefined {
    const turn = this.#turn(group)
    if (!turn) return undefined
    let last: Connection | undefined
    for (let tries = Math.min(triesForRoom, turn.members.length); tries > 0; tries--) {
      const member = turn.members[turn.next++ % turn.members.length]!
      if (member.state !== 'open') continue
      if (member.outboundBytes < limits.outboundPauseBytes) return member
      last = member
    }
    return last
  }

  #turn(group: string): Turn | undefined {
    let turn = this.#turns.get(group)
    const clients = this.#groups.get(group)
    if (!turn && clients) {
      turn = { members: [...clients.keys()], next: 0 }
      this.#turns.set(group, turn)
    }
    return turn
  }

  #forgetId({ clientId, connection }: ProducerClient): void {
    if (this.#byClientId.get(clientId) === connection) this.#byClientId.delete(clientId)
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
