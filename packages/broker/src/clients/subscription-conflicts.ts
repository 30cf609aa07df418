import { javaHash, type Logger } from '@aerobee/base'
import { isTagType, type Subscription } from '@aerobee/filter'
import type { Connection } from '@aerobee/net'
import { isRetryTopic } from '@aerobee/wire'

/** One way in which members of a group subscribe: topic -> what of it. */
interface View {
  readonly key: string
  readonly topics: ReadonlyMap<string, string>
  /** Who subscribes so, as logs name them. */
  readonly members: Map<Connection, string>
}

interface GroupViews {
  readonly views: Map<string, View>
  readonly viewOf: Map<Connection, View>
  /** The ways there were when it was last logged. */
  logged: string
}

/**
 * Members of a group that subscribe to other topics, or by other expressions, than the rest. Queues are shared out
 * among all members and the broker filters for the group as a whole, so each gets what another one wanted: upstream
 * loses those messages without a word. Here it is logged once per change, shown by request 28, and with
 * rejectConflictingSubscription the one who comes later is refused.
 */
export class SubscriptionConflicts {
  readonly #logger: Logger
  readonly #groups = new Map<string, GroupViews>()
  readonly #refused = new WeakMap<Connection, Map<string, string>>()
  #anyRefused = false

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** What speaks against taking in a member that subscribes so; undefined when the others do the same. */
  against(
    group: string,
    connection: Connection,
    clientId: string,
    subscriptions: readonly Subscription[],
  ): string | undefined {
    const known = this.#groups.get(group)
    const topics = topicsOf(subscriptions)
    if (!known || topics.size === 0) return undefined
    const own = { key: keyOf(topics), topics, members: new Map([[connection, nameOf(connection, clientId)]]) }
    for (const view of known.views.values()) {
      const alone = view.members.size === 1 && view.members.has(connection)
      if (view.key !== own.key && !alone) return describe(group, [view, own])
    }
    return undefined
  }

  /** A member subscribes so now. */
  note(
    group: string,
    connection: Connection,
    clientId: string,
    subscriptions: readonly Subscription[],
  ): void {
    this.#refused.get(connection)?.delete(group)
    const topics = topicsOf(subscriptions)
    const key = keyOf(topics)
    const known = this.#groups.get(group)
    if (known?.viewOf.get(connection)?.key === key) return
    if (known) drop(known, connection)
    // One that names no topic takes queues by itself.
    if (topics.size > 0) this.#add(group, { key, topics, members: new Map() }, connection, clientId)
    this.#log(group)
  }

  leave(group: string, connection: Connection): void {
    const known = this.#groups.get(group)
    if (!known) return
    drop(known, connection)
    this.#log(group)
  }

  /** Keeps why a client may not consume for the group, until it is taken in. */
  refuse(group: string, connection: Connection, reason: string): void {
    this.#anyRefused = true
    const reasons = this.#refused.get(connection)
    if (reasons?.get(group) !== reason)
      this.#logger.warn(`client ${connection.remoteText} refused: ${reason}`)
    if (reasons) reasons.set(group, reason)
    else this.#refused.set(connection, new Map([[group, reason]]))
  }

  /** Why the client may not consume for the group; undefined when it may. */
  refusalOf(group: string, connection: Connection): string | undefined {
    if (!this.#anyRefused) return undefined
    const reason = this.#refused.get(connection)?.get(group)
    return reason !== undefined && this.#groups.has(group) ? reason : undefined
  }

  /** One sentence for each group whose members subscribe in different ways. */
  sentences(): string[] {
    const conflicts: string[] = []
    for (const [group, { views }] of this.#groups)
      if (views.size > 1) conflicts.push(describe(group, [...views.values()]))
    return conflicts
  }

  #add(group: string, wanted: View, connection: Connection, clientId: string): void {
    let known = this.#groups.get(group)
    if (!known) {
      known = { views: new Map(), viewOf: new Map(), logged: '' }
      this.#groups.set(group, known)
    }
    const view = known.views.get(wanted.key) ?? wanted
    known.views.set(view.key, view)
    view.members.set(connection, nameOf(connection, clientId))
    known.viewOf.set(connection, view)
  }

  #log(group: string): void {
    const known = this.#groups.get(group)
    if (!known) return
    if (known.views.size === 0) this.#groups.delete(group)
    const ways = known.views.size > 1 ? [...known.views.keys()].sort().join('\n\n') : ''
    if (ways === known.logged) return
    known.logged = ways
    if (ways !== '') this.#logger.warn(describe(group, [...known.views.values()]))
    else this.#logger.info(`group ${group}: all members subscribe alike again`)
  }
}

function drop(known: GroupViews, connection: Connection): void {
  const view = known.viewOf.get(connection)
  if (!view) return
  known.viewOf.delete(connection)
  view.members.delete(connection)
  if (view.members.size === 0) known.views.delete(view.key)
}

/** The group's own retry topic is no choice of its members. Tags count in any order. */
function topicsOf(subscriptions: readonly Subscription[]): ReadonlyMap<string, string> {
  const topics: [string, string][] = []
  for (const { topic, expressionType, subString, tagsSet } of subscriptions) {
    if (isRetryTopic(topic)) continue
    const isTag = isTagType(expressionType)
    const expression = isTag && tagsSet.length > 0 ? [...tagsSet].sort().join(' || ') : subString
    topics.push([topic, `${isTag ? '' : `${expressionType} `}${quoted(expression)}`])
  }
  return new Map(topics.sort(([a], [b]) => (a < b ? -1 : 1)))
}

const shownChars = 200

/** Long ones are not kept once more; the hash tells them apart. */
const quoted = (expression: string) =>
  expression.length <= shownChars
    ? `"${expression}"`
    : `"${expression.slice(0, shownChars)}…" (${expression.length} characters, hash ${javaHash(expression)})`

const keyOf = (topics: ReadonlyMap<string, string>) => [...topics].map((entry) => entry.join(' ')).join('\n')

const nameOf = (connection: Connection, clientId: string) => `${clientId} (${connection.remoteText})`

const namedMembers = 3

function describe(group: string, [one, other, ...more]: readonly View[]): string {
  const names = [...new Set([...one!.topics.keys(), ...other!.topics.keys()])].sort()
  const topic = names.find((name) => one!.topics.get(name) !== other!.topics.get(name))!
  const says = ({ members, topics }: View) => {
    const named = [...members.values()].slice(0, namedMembers).join(', ')
    const rest = members.size > namedMembers ? ` and ${members.size - namedMembers} more` : ''
    const wanted = topics.get(topic)
    return `${named}${rest}: ${wanted === undefined ? 'not at all' : `by ${wanted}`}`
  }
  const others = more.length > 0 ? `; ${more.length} other ways besides` : ''
  return (
    `members of group ${group} subscribe in different ways, so that messages may reach none of them. ` +
    `Topic ${topic}: ${says(one!)}; ${says(other!)}${others}. ` +
    'Let all members of a group subscribe to the same topics by the same expressions, or use several groups'
  )
}
