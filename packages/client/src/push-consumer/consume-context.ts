import type { Logger } from '@aerobee/base'
import { channels } from '../channels.js'
import type { ClientInstance } from '../client-instance.js'
import { type ConsumeContext, type ConsumeMessageHook, type ConsumeReturnType, runHook } from '../hooks.js'
import type { ReceivedMessage } from '../received-message.js'
import type { MessageQueue } from '../route.js'
import type { ConsumerStatistics } from '../statistics.js'
import type { ListenerPool } from './listener-pool.js'
import type { PushConsumerSettings } from './options.js'
import type { ProcessQueue } from './process-queue.js'
import type { SendBack } from './send-back.js'

/** What both kinds of consumption work with. */
export interface ConsumptionOptions {
  instance: ClientInstance
  group: string
  /** Without its namespace. */
  userGroup: string
  settings: PushConsumerSettings
  listeners: ListenerPool
  sendBack: SendBack
  statistics: ConsumerStatistics
  hooks: readonly ConsumeMessageHook[]
  /** Runs once, unless the consumer is closed before. */
  later(delayMs: number, run: () => void): void
}

/** Takes messages that were put into their process queue. */
export interface Consumption {
  /** `dispatch`: nobody is at work on the queue. */
  submit(processQueue: ProcessQueue, messages: readonly ReceivedMessage[], dispatch: boolean): void
  start(): void
  stop(): void
  /** For request 309: one message, without consequences for its queue. */
  directly(
    message: ReceivedMessage,
  ): Promise<{ order: boolean; autoCommit: boolean; result: string; remark?: string }>
}

/** What a listener came to. */
export interface Outcome<Status> {
  status: Status | undefined
  thrown: unknown
  failed: boolean
  ms: number
}

/** Calls a listener, whatever it throws. Synchronous when the listener is. */
export function callListener<Status>(
  options: ConsumptionOptions,
  queue: MessageQueue,
  messages: readonly ReceivedMessage[],
  call: () => unknown,
): Outcome<Status> | Promise<Outcome<Status>> {
  const { clock } = options.instance.surroundings
  const beganAt = clock.monoMs()
  const outcome = (status: unknown, failed: boolean, thrown?: unknown): Outcome<Status> => ({
    status: (status ?? undefined) as Status | undefined,
    failed,
    thrown,
    ms: clock.monoMs() - beganAt,
  })
  try {
    const returned = channels.consumerProcess.hasSubscribers ? traced(options, queue, messages, call) : call()
    if (!isThenable(returned)) return outcome(returned, false)
    return Promise.resolve(returned).then(
      (status) => outcome(status, false),
      (thrown: unknown) => outcome(undefined, true, thrown),
    )
  } catch (thrown) {
    return outcome(undefined, true, thrown)
  }
}

function traced(
  options: ConsumptionOptions,
  queue: MessageQueue,
  messages: readonly ReceivedMessage[],
  call: () => unknown,
): Promise<unknown> {
  const context = { group: options.group, topic: messages[0]?.topic ?? queue.topic, queue, messages }
  return channels.consumerProcess.tracePromise(async () => call(), context)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** Runs the hooks around a listener; costs nothing when there are none. */
export class HookRun {
  readonly #hooks: readonly ConsumeMessageHook[]
  readonly #context: ConsumeContext

  constructor(hooks: readonly ConsumeMessageHook[], context: ConsumeContext) {
    this.#hooks = hooks
    this.#context = context
    for (const hook of hooks) runHook(() => hook.before?.(context))
  }

  ended(success: boolean, returnType: ConsumeReturnType, cost: number): void {
    if (this.#hooks.length === 0) return
    Object.assign(this.#context, { success, returnType, cost })
    for (const hook of this.#hooks) runHook(() => hook.after?.(this.#context))
  }
}

/** What hooks are told. A time-out counts even for a success. */
export function returnTypeOf(outcome: Outcome<string>, ok: boolean, timeoutMs: number): ConsumeReturnType {
  if (outcome.failed) return 'EXCEPTION'
  if (outcome.ms >= timeoutMs) return 'TIME_OUT'
  return ok ? 'SUCCESS' : 'FAILED'
}

export const logListenerFailure = (
  logger: Logger,
  group: string,
  messages: readonly ReceivedMessage[],
  text: string,
): void =>
  logger.warn(
    `the listener of group ${group} failed on ${messages.length} message(s) of topic ${messages[0]?.topic}, the first ${messages[0]?.messageId}: ${text}`,
  )
