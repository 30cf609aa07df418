import { assert } from '@aerobee/base'
import {
  type Command,
  type Decoded,
  type ExtFields,
  type FieldSet,
  type Frame,
  isOneway,
  serializeTypes,
} from '@aerobee/wire'
import type { RemotingConnection } from './connection.js'
import type { Exchange, Reply } from './contracts.js'

/** One request under way on a connection. Small: there is one for each request. */
export class RequestExchange implements Exchange {
  readonly connection: RemotingConnection
  readonly frame: Frame
  readonly request: Decoded<FieldSet>
  answered = false
  readonly command: Command

  constructor(connection: RemotingConnection, frame: Frame, request: Decoded<FieldSet>, command: Command) {
    this.connection = connection
    this.frame = frame
    this.request = request
    this.command = command
  }

  respond(reply: Reply): void {
    assert(!this.answered, 'a request was answered twice')
    this.answered = true
    if (isOneway(this.frame)) return
    const fields = reply.fields === null ? null : this.#encoded(reply.fields)
    this.connection.reply(this.frame, reply.code, reply.remark, fields, reply.body)
  }

  #encoded(fields: NonNullable<Reply['fields']>): ExtFields | string {
    const { command, frame } = this
    return frame.serializeType === serializeTypes.JSON
      ? command.responseText(fields)
      : command.encodeResponse(fields)
  }
}
