import { failure, type Handler, success } from '@aerobee/net'
import type { MessageStore } from '@aerobee/store'
import { type commands, responseCodes } from '@aerobee/wire'

type View = typeof commands.viewMessageById

/** The message at a physical offset (request 33; reference: broker-behaviour 11): a whole, verified record or nothing. */
export function viewMessageHandler({
  store,
}: {
  store: MessageStore
}): Handler<View['request'], View['response']> {
  return async ({ request: { offset } }) => {
    const record = offset < 0 ? undefined : await store.recordAt(offset)
    return record
      ? success(null, record)
      : failure(responseCodes.SYSTEM_ERROR, `can not find message by the offset, ${offset}`)
  }
}
