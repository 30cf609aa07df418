import { type AerobeeError, isAerobeeError } from '@aerobee/base'
import type { Answer, Connection } from '@aerobee/net'
import type { Command, Encodable, FieldSet } from '@aerobee/wire'

/** Upstream's deadline of a call to a client (reference: broker-behaviour 12 and 13). */
export const callClientTimeoutMs = 10_000

/**
 * Asks a client and waits for its answer. Never rejects for what a client or the network does: TIMEOUT,
 * CONNECTION_CLOSED and LIMIT_EXCEEDED come back as values, so that the caller can put them into its own answer.
 * What may wait on one connection is bounded by limits.pendingCalls and its outbound budget.
 */
export async function callClient<Req extends FieldSet, Res extends FieldSet>(
  connection: Connection,
  command: Command<Req, Res>,
  fields: Encodable<Req>,
  { body, timeoutMs = callClientTimeoutMs }: { body?: Uint8Array; timeoutMs?: number } = {},
): Promise<Answer<Res> | AerobeeError> {
  try {
    return await connection.call(command, fields, body ? { body, timeoutMs } : { timeoutMs })
  } catch (thrown) {
    if (isAerobeeError(thrown)) return thrown
    throw thrown
  }
}
