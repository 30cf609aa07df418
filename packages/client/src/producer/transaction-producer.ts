import { AerobeeError, errorText } from '@aerobee/base'
import { commands, parseOffsetMessageId, propertyNames, transactionTypes } from '@aerobee/wire'
import { oneOf } from '../given.js'
import { type EndTransactionHook, runHook } from '../hooks.js'
import { withoutNamespace } from '../namespace.js'
import type { OutgoingMessage } from '../outgoing-message.js'
import type { Nothing } from '../push-consumer/listeners.js'
import type { ReceivedMessage } from '../received-message.js'
import type { CheckRequest, Role } from '../role.js'
import { tracedEnds } from '../trace/trace-hooks.js'
import type { ProducerOptions, SendOptions, SendResult } from './options.js'
import { Producer } from './producer.js'

/** How a transaction ended; UNKNOW, as RocketMQ spells it: the broker asks again. */
export type LocalTransactionState = (typeof states)[number]
const states = ['COMMIT_MESSAGE', 'ROLLBACK_MESSAGE', 'UNKNOW'] as const

type MaybePromise<T> = T | Promise<T>

/** The local side of transactions. A throw means UNKNOW. */
export interface TransactionListener {
  /** Runs once the broker has stored the half message. */
  executeLocalTransaction?(
    message: OutgoingMessage,
    context: { transactionId: string; argument: unknown },
  ): MaybePromise<LocalTransactionState>
  /** The broker asks how the transaction of a half message ended, perhaps of another process of the group. */
  checkLocalTransaction(message: ReceivedMessage): MaybePromise<LocalTransactionState>
}

export interface TransactionProducerOptions extends ProducerOptions {
  transactionListener: TransactionListener
  /** Checks that run at once. Default 1. */
  checkThreadPoolMaxSize?: number
  /** Checks that wait; more are dropped, and the broker asks again. Default 2000. */
  checkRequestHoldMax?: number
}

/** The signal and the time count for preparing the message: a local transaction that has begun is carried to its end. */
export interface TransactionSendOptions extends SendOptions {
  /** Handed to executeLocalTransaction. */
  argument?: unknown
  /** In place of the listener's executeLocalTransaction, for this message. */
  execute?: (
    message: OutgoingMessage,
    context: { transactionId: string },
  ) => MaybePromise<LocalTransactionState | Nothing>
}

export interface TransactionSendResult extends SendResult {
  transactionId: string
  localTransactionState: LocalTransactionState
}

const endTimeoutCodes = {
  COMMIT_MESSAGE: transactionTypes.commit,
  ROLLBACK_MESSAGE: transactionTypes.rollback,
  UNKNOW: transactionTypes.none,
} as const

interface End {
  address: string
  topic: string
  tranStateTableOffset: number
  commitLogOffset: number
  messageId: string
  transactionId: string | undefined
  brokerName: string | undefined
  state: LocalTransactionState
  fromTransactionCheck: boolean
  tags: string
  keys: string
}

/**
 * Sends messages that consumers see only once a local transaction has been committed (reference: client-behaviour 2.8):
 *
 *   prepare (half message) ──stored──► local transaction ──► end: commit, roll back, unknown
 *                                                                 check back ◄── the broker asks ──┘
 */
export class TransactionProducer extends Producer {
  readonly #options: TransactionProducerOptions
  readonly #endHooks: readonly EndTransactionHook[]
  readonly #checks: CheckRequest[] = []
  #checking = 0

  /** Throws AerobeeError INVALID_ARGUMENT. */
  constructor(options: TransactionProducerOptions) {
    if (!options.transactionListener)
      throw new AerobeeError(
        'INVALID_ARGUMENT',
        'TransactionListener is null: give option transactionListener',
      )
    super(options)
    this.#options = options
    const { tracer, instance } = this.sender
    const hooks = options.endTransactionHooks ?? []
    this.#endHooks = tracer
      ? [...hooks, tracedEnds(tracer, () => instance.surroundings.clock.wallMs())]
      : hooks
  }

  /**
   * Prepares the message, runs the local transaction and tells the broker how it ended. A delay does not count. Rejects as
   * send() does when the message could not be prepared; the local transaction did not run then.
   */
  async sendMessageInTransaction(
    message: OutgoingMessage,
    options: TransactionSendOptions = {},
  ): Promise<TransactionSendResult> {
    const { delayLevel: _level, delayTimeMs: _ms, delayTimeSec: _sec, deliverTimeMs: _at, ...rest } = message
    const prepared = await this.sendPrepared(rest, options)
    const transactionId = prepared.transactionId ?? prepared.messageId
    let state: LocalTransactionState = 'ROLLBACK_MESSAGE'
    let remark: string | undefined
    if (prepared.status === 'SEND_OK')
      try {
        state = await this.#execute(message, options, transactionId)
      } catch (thrown) {
        state = 'UNKNOW'
        remark = `executeLocalTransactionBranch exception: ${errorText(thrown)}`
        this.sender.instance.logger.warn(
          `the local transaction of message ${transactionId} failed: ${errorText(thrown)}`,
        )
      }
    await this.#end(message, prepared, transactionId, state, remark)
    return { ...prepared, transactionId, localTransactionState: state }
  }

  protected override transactionCheck(): Role['checkTransaction'] {
    return (request) => this.#queueCheck(request)
  }

  /** The half message, as an ordinary send with its retries. */
  protected async sendPrepared(message: OutgoingMessage, options: SendOptions): Promise<SendResult> {
    this.checkRunning()
    const { sender } = this
    const request = sender.request(message, {
      system: [
        [propertyNames.transactionPrepared, 'true'],
        [propertyNames.producerGroup, sender.group],
      ],
    })
    return sender.send(request, message, options)
  }

  async #execute(
    message: OutgoingMessage,
    options: TransactionSendOptions,
    transactionId: string,
  ): Promise<LocalTransactionState> {
    const { transactionListener } = this.#options
    const { argument, execute } = options
    if (execute) return checkedState((await execute(message, { transactionId })) ?? 'COMMIT_MESSAGE')
    return checkedState(
      await transactionListener.executeLocalTransaction?.(message, { transactionId, argument }),
    )
  }

  async #end(
    message: OutgoingMessage,
    prepared: SendResult,
    transactionId: string,
    state: LocalTransactionState,
    remark: string | undefined,
  ): Promise<void> {
    const { instance } = this.sender
    const place = parseOffsetMessageId(prepared.offsetMessageId.split(',')[0]!)
    const brokerName = instance.addresses.brokerOf(prepared.queue)
    const address = instance.addresses.masterOf(brokerName)
    if (!place.ok || address === undefined) {
      instance.logger.warn(
        `the broker is not told how transaction ${transactionId} ended, and will ask: ${place.ok ? 'it is gone' : place.reason}`,
      )
      return
    }
    await this.#tell(
      {
        address,
        topic: this.sender.topicOf(message.topic),
        tranStateTableOffset: prepared.queueOffset,
        commitLogOffset: place.value.physicalOffset,
        messageId: prepared.messageId,
        transactionId: prepared.transactionId,
        brokerName,
        state,
        fromTransactionCheck: false,
        tags: message.tags ?? '',
        keys: message.keys?.join(' ') ?? '',
      },
      remark,
    )
  }

  /** One-way; failures are logged, and the broker asks. */
  async #tell(end: End, remark: string | undefined): Promise<void> {
    const { instance, group } = this.sender
    for (const hook of this.#endHooks)
      runHook(() =>
        hook.end({
          producerGroup: this.#options.producerGroup,
          topic: withoutNamespace(instance.namespace, end.topic),
          messageId: end.messageId,
          transactionId: end.transactionId ?? '',
          tags: end.tags,
          keys: end.keys,
          address: end.address,
          state: end.state,
          fromTransactionCheck: end.fromTransactionCheck,
        }),
      )
    const fields = {
      topic: end.topic,
      producerGroup: group,
      tranStateTableOffset: end.tranStateTableOffset,
      commitLogOffset: end.commitLogOffset,
      commitOrRollback: endTimeoutCodes[end.state],
      fromTransactionCheck: end.fromTransactionCheck,
      msgId: end.messageId,
      transactionId: end.transactionId,
      brokerName: end.brokerName,
    }
    try {
      const said = remark === undefined ? undefined : { remark }
      await instance.notify(end.address, commands.endTransaction, fields, said)
    } catch (thrown) {
      instance.logger.warn(
        `the broker could not be told how transaction ${end.messageId} ended: ${errorText(thrown)}`,
      )
    }
  }

  #queueCheck(request: CheckRequest): void {
    const { checkThreadPoolMaxSize = 1, checkRequestHoldMax = 2000 } = this.#options
    if (this.#checks.length >= checkRequestHoldMax) {
      this.sender.instance.logger.warn(`${this.#checks.length} transaction checks wait; one more is dropped`)
      return
    }
    this.#checks.push(request)
    if (this.#checking < checkThreadPoolMaxSize) void this.#runChecks()
  }

  /** Does not reject. */
  async #runChecks(): Promise<void> {
    this.#checking++
    for (let request = this.#checks.shift(); request; request = this.#checks.shift())
      await this.#check(request)
    this.#checking--
  }

  async #check(request: CheckRequest): Promise<void> {
    const { message } = request
    let state: LocalTransactionState = 'UNKNOW'
    let remark: string | undefined
    try {
      state = checkedState(await this.#options.transactionListener.checkLocalTransaction(message))
    } catch (thrown) {
      remark = `checkLocalTransactionState Exception: ${errorText(thrown)}`
      this.sender.instance.logger.warn(
        `checking the transaction of ${message.messageId} failed: ${errorText(thrown)}`,
      )
    }
    await this.#tell(
      {
        address: request.address,
        topic: request.topic,
        tranStateTableOffset: request.tranStateTableOffset,
        commitLogOffset: request.commitLogOffset,
        messageId: message.messageId,
        transactionId: request.transactionId,
        brokerName: request.brokerName,
        state,
        fromTransactionCheck: true,
        tags: message.tags ?? '',
        keys: message.keys.join(' '),
      },
      remark,
    )
  }
}

/** Nothing means UNKNOW. Throws AerobeeError INVALID_ARGUMENT for a word that is no state. */
const checkedState = (state: LocalTransactionState | undefined): LocalTransactionState =>
  oneOf('the state of a transaction', state ?? 'UNKNOW', states)
