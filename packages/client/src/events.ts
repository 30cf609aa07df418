import { errorText, type Logger } from '@aerobee/base'
import type { MessageQueue } from './route.js'

/** What went on in the background when something failed. */
export type BackgroundWork = 'routes' | 'heartbeat' | 'rebalance' | 'pull' | 'offsets'

/** Events of every role, with what their listeners get. */
export interface ClientEvents {
  /** A connection to a name server or broker is there, for the first time or again. */
  connected: [{ address: string }]
  /** It closed. Nothing has to be done: the next call connects again. */
  disconnected: [{ address: string; reason: string }]
  /** Something failed in the background, and will be tried again. Nobody has to listen. */
  error: [error: unknown, during: BackgroundWork]
  /** close() has ended. */
  closed: []
}

/** Events of consumers. */
export interface ConsumerEvents extends ClientEvents {
  /** The queues of this consumer are other ones: all of the topic, and its own. */
  rebalanced: [{ topic: string; all: readonly MessageQueue[]; own: readonly MessageQueue[] }]
}

type Name = keyof ConsumerEvents
type Listener<N extends Name = Name> = (...args: ConsumerEvents[N]) => void

/** Who listens to one role. What a listener throws is logged and goes no further. */
export class RoleEvents {
  readonly #logger: Logger
  readonly #listeners = new Map<Name, { listener: unknown; once: boolean }[]>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  add<N extends Name>(name: N, listener: Listener<N>, once: boolean): void {
    const list = this.#listeners.get(name)
    if (list) list.push({ listener, once })
    else this.#listeners.set(name, [{ listener, once }])
  }

  remove(name: Name, listener: unknown): void {
    const list = this.#listeners.get(name) ?? []
    const at = list.findLastIndex((one) => one.listener === listener)
    if (at >= 0) list.splice(at, 1)
  }

  emit<N extends Name>(name: N, ...args: ConsumerEvents[N]): void {
    for (const { listener, once } of [...(this.#listeners.get(name) ?? [])]) {
      if (once) this.remove(name, listener)
      try {
        const call = listener as Listener<N>
        call(...args)
      } catch (thrown) {
        this.#logger.error(`a listener of event ${name} failed: ${errorText(thrown)}`)
      }
    }
  }
}

/** What roles have in common: their events. An `error` that nobody listens to is no harm. */
export abstract class Observable<Events extends ClientEvents> {
  protected readonly events: RoleEvents

  constructor(logger: Logger) {
    this.events = new RoleEvents(logger)
  }

  on<N extends keyof Events & Name>(name: N, listener: Listener<N>): this {
    this.events.add(name, listener, false)
    return this
  }

  once<N extends keyof Events & Name>(name: N, listener: Listener<N>): this {
    this.events.add(name, listener, true)
    return this
  }

  off<N extends keyof Events & Name>(name: N, listener: Listener<N>): this {
    this.events.remove(name, listener)
    return this
  }
}
