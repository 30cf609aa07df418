// What a case of the conformance file works with: roles of @aerobee/client on a topic and a group of its own, all of
// them closed when the case ends.
import { setTimeout as pause } from 'node:timers/promises'
import { makeTopic } from '../lib/probe.mjs'
import { until } from '../lib/wait.mjs'

/** @typedef {typeof import('@aerobee/client')} ClientModule */
/** @typedef {import('@aerobee/client').ReceivedMessage} ReceivedMessage */
/** @typedef {import('@aerobee/client').Producer} Producer */
/** @typedef {import('@aerobee/client').TransactionProducer} TransactionProducer */
/** @typedef {import('@aerobee/client').PushConsumer} PushConsumer */
/** @typedef {import('@aerobee/client').LitePullConsumer} LitePullConsumer */

export const deadlineMs = 30_000

/**
 * @typedef {object} Surroundings
 * @property {ClientModule} client
 * @property {string} namesrv
 * @property {string} broker
 * @property {import('../lib/servers.mjs').Kind} kind of the servers
 * @property {string} dir a folder of the suite's own
 * @property {import('@aerobee/client').Credentials} [credentials] calls are signed with
 * @property {import('@aerobee/client').ClientOptions} [more] what every client of the suite has besides
 * @property {((args: string) => Promise<string>) | undefined} mqadmin runs one command line; undefined without Java
 */

/** What arrived, in order. */
export class Inbox {
  /** @type {ReceivedMessage[]} */
  messages = []

  /** A listener that takes every message. */
  take = (/** @type {ReceivedMessage} */ message) => {
    this.messages.push(message)
  }

  get texts() {
    return this.messages.map((message) => message.text())
  }

  /** Bodies in order of the alphabet, each once. */
  get distinct() {
    return [...new Set(this.texts)].sort()
  }

  /** Waits for that many different bodies. @param {number} count @param {string} [what] */
  async await(count, what = 'messages') {
    await until(
      async () => this.distinct.length >= count,
      deadlineMs,
      `${count} different ${what}, now ${this.distinct.length}`,
      10,
    ).catch((error) => {
      throw new Error(`${error.message}; at the end ${this.distinct.length}: ${this.texts.slice(0, 20)}`)
    })
    return this.messages
  }
}

export class Scene {
  /**
   * @param {Surroundings} surroundings
   * @param {string} name letters that topic and group begin with
   */
  constructor(surroundings, name) {
    this.client = surroundings.client
    this.kind = surroundings.kind
    this.dir = surroundings.dir
    this.credentials = surroundings.credentials
    this.more = surroundings.more
    this.mqadmin = surroundings.mqadmin
    this.namesrv = surroundings.namesrv
    this.broker = surroundings.broker
    this.topic = `conformance-${name}`
    this.group = `${this.topic}-group`
    /** @type {string[]} what the client logged, for the report of a failure */
    this.log = []
    /** @type {{ close(): Promise<void> }[]} */
    this.roles = []
  }

  /** What every role is opened with. */
  get common() {
    const write = (/** @type {string} */ level) => (/** @type {string} */ message) => {
      this.log.push(`${level} ${message}`)
    }
    const logger = { debug: () => {}, info: write('info'), warn: write('warn'), error: write('error') }
    return { namesrvAddr: this.namesrv, logger, credentials: this.credentials, ...this.more }
  }

  /** @param {number} [queues] @param {string} [topic] @param {string} [attributes] such as `+queue.type=BatchCQ` */
  makeTopic(queues = 4, topic = this.topic, attributes = '') {
    return makeTopic(this.broker, topic, queues, attributes)
  }

  /** A started producer. @param {Partial<import('@aerobee/client').ProducerOptions>} [options] */
  async producer(options) {
    const producer = new this.client.Producer({
      ...this.common,
      producerGroup: `${this.topic}-producer`,
      ...options,
    })
    this.roles.push(producer)
    return producer.start()
  }

  /** @param {import('@aerobee/client').TransactionListener} transactionListener */
  async transactionProducer(transactionListener) {
    const producerGroup = `${this.topic}-producer`
    const producer = new this.client.TransactionProducer({
      ...this.common,
      producerGroup,
      transactionListener,
    })
    this.roles.push(producer)
    await producer.start()
    return producer
  }

  /**
   * A push consumer of the topic, from the earliest message on; not running.
   * @param {Partial<import('@aerobee/client').PushConsumerOptions>} [options]
   * @param {import('@aerobee/client').FilterExpression} [expression]
   */
  pushConsumer(options, expression) {
    const consumer = new this.client.PushConsumer({
      ...this.common,
      consumerGroup: this.group,
      from: 'earliest',
      ...options,
    })
    this.roles.push(consumer)
    return consumer.subscribe(this.topic, expression)
  }

  /**
   * A running consumer that only collects.
   * @param {Partial<import('@aerobee/client').PushConsumerOptions>} [options]
   * @param {import('@aerobee/client').FilterExpression} [expression]
   */
  async inbox(options, expression) {
    const inbox = new Inbox()
    await this.pushConsumer(options, expression).run(inbox.take)
    return inbox
  }

  /** Not started. @param {Partial<import('@aerobee/client').LitePullConsumerOptions>} [options] */
  litePullConsumer(options) {
    const consumer = new this.client.LitePullConsumer({
      ...this.common,
      consumerGroup: this.group,
      from: 'earliest',
      ...options,
    })
    this.roles.push(consumer)
    return consumer
  }

  /**
   * Sends bodies one after the other.
   * @param {Producer} producer
   * @param {readonly string[]} bodies
   * @param {Partial<import('@aerobee/client').OutgoingMessage>} [more]
   */
  async sendAll(producer, bodies, more) {
    const results = []
    for (const body of bodies) results.push(await producer.send({ topic: this.topic, body, ...more }))
    return results
  }

  /** How many queues of a topic it holds. @param {PushConsumer | LitePullConsumer} consumer @param {string} [topic] */
  held(consumer, topic = this.topic) {
    return consumer.assignment().filter((queue) => queue.topic === topic).length
  }

  /** @param {() => boolean | Promise<boolean>} condition @param {string} what */
  until(condition, what) {
    return until(async () => condition(), deadlineMs, what, 10)
  }

  /** For what must not happen: gives it the chance. @param {number} ms */
  pause(ms) {
    return pause(ms)
  }

  /** Closes one role before the end. @param {{ close(): Promise<void> }} role */
  async close(role) {
    this.roles = this.roles.filter((one) => one !== role)
    await role.close()
  }

  async end() {
    await Promise.all(this.roles.map((role) => role.close()))
  }
}

/** `prefix0` to `prefix<count - 1>`, in order of the alphabet. @param {string} prefix @param {number} count */
export function numbered(prefix, count) {
  return Array.from({ length: count }, (_, n) => `${prefix}${n}`).sort()
}
