import { assert, errorText, type Logger } from '@aerobee/base'
import { type Command, type Frame, isOneway, responseCodes, versions } from '@aerobee/wire'
import type { RemotingConnection, RequestHandler } from './connection.js'
import { type AnyHandler, failure, type Registration, type Reply } from './contracts.js'
import { RequestExchange } from './exchange.js'

export interface DispatcherOptions {
  /** Who answers here. */
  receiver: Command['receiver']
  /** Every command this receiver knows of, served or not. */
  commands: readonly Command[]
  /** One for each of `commands` that is not `notServed`. */
  registrations: readonly Registration[]
  logger: Logger
}

interface Entry {
  readonly command: Command
  /** undefined: not served. */
  readonly handler: AnyHandler | undefined
}

/**
 * Requests to handlers by code; the one place where a request becomes exactly one answer:
 *
 *   unknown code          3 ` request type N not supported`
 *   not served            3 the same, with the reason
 *   going away            1500 to peers that understand it (version above V5_3_1), save for one-way requests
 *   fields do not fit     1 with the reason
 *   handler throws        1 with its text
 *   otherwise             what the handler returns, resolves to, or gives to exchange.respond
 */
export class Dispatcher implements RequestHandler {
  readonly receiver: Command['receiver']
  readonly #entries: ReadonlyMap<number, Entry>
  readonly #logger: Logger
  #goingAway = false

  constructor(options: DispatcherOptions) {
    this.receiver = options.receiver
    this.#entries = entriesOf(options)
    this.#logger = options.logger
  }

  /** From now on peers are told to go elsewhere. */
  goAway(): void {
    this.#goingAway = true
  }

  handle(connection: RemotingConnection, frame: Frame): void {
    const entry = this.#entries.get(frame.code)
    if (entry === undefined) refuse(connection, frame, notSupported, unknownRemark(frame.code))
    else if (this.#goingAway && frame.version > versions.V5_3_1 && !isOneway(frame))
      refuse(connection, frame, responseCodes.GO_AWAY, 'please go away')
    else if (entry.handler === undefined)
      refuse(connection, frame, notSupported, `${unknownRemark(frame.code)}: ${entry.command.notServed}`)
    else {
      const request = entry.command.decodeRequest(frame.extFields)
      if (request.ok)
        this.#run(entry.handler, new RequestExchange(connection, frame, request.value, entry.command))
      else refuse(connection, frame, responseCodes.SYSTEM_ERROR, request.reason)
    }
  }

  #run(handler: AnyHandler, exchange: RequestExchange): void {
    let reply: Reply | Promise<Reply> | undefined
    try {
      reply = handler(exchange)
    } catch (thrown) {
      this.#answerThrown(exchange, thrown)
      return
    }
    if (reply instanceof Promise) this.#answerLater(exchange, reply)
    else if (reply !== undefined) exchange.respond(reply)
  }

  #answerLater(exchange: RequestExchange, reply: Promise<Reply>): void {
    reply.then(
      (value) => exchange.respond(value),
      (thrown) => this.#answerThrown(exchange, thrown),
    )
  }

  #answerThrown(exchange: RequestExchange, thrown: unknown): void {
    const text = errorText(thrown)
    this.#logger.error(`${exchange.command.name} from ${exchange.connection.remoteText} failed: ${text}`, {
      stack: thrown instanceof Error ? thrown.stack : undefined,
    })
    if (!exchange.answered) exchange.respond(failure(responseCodes.SYSTEM_ERROR, text))
  }
}

const notSupported = responseCodes.REQUEST_CODE_NOT_SUPPORTED

/** The leading blank is upstream's. */
export const unknownRemark = (code: number) => ` request type ${code} not supported`

/** Answers without a handler, unless one-way. */
export function refuse(connection: RemotingConnection, request: Frame, code: number, remark: string): void {
  if (!isOneway(request)) connection.reply(request, code, remark, null, null)
}

function entriesOf({ receiver, commands, registrations }: DispatcherOptions): Map<number, Entry> {
  const handlers = new Map<number, Registration>()
  for (const registration of registrations) {
    const { code, name } = registration.command
    assert(!handlers.has(code), `request ${code} ${name} is registered twice`)
    handlers.set(code, registration)
  }
  const entries = new Map<number, Entry>()
  for (const command of commands) {
    const { code, name } = command
    assert(!entries.has(code), `request ${code} ${name} is listed twice`)
    assert(
      command.receiver === receiver,
      `request ${code} ${name} is for the ${command.receiver}, not the ${receiver}`,
    )
    const registration = handlers.get(code)
    handlers.delete(code)
    assert(
      (registration === undefined) === (command.notServed !== undefined),
      registration === undefined
        ? `request ${code} ${name} has no handler and is not declared notServed`
        : `request ${code} ${name} has a handler and is declared notServed`,
    )
    entries.set(code, { command, handler: registration?.handler })
  }
  for (const { command } of handlers.values())
    assert(false, `request ${command.code} ${command.name} has a handler and is not among the commands`)
  return entries
}
