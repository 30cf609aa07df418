import type { Handler } from '@aerobee/net'
import { type commands, isOneway } from '@aerobee/wire'
import type { Transactions } from '../transactions/transactions.js'

type End = typeof commands.endTransaction
type Resume = typeof commands.resumeCheckHalfMessage

export interface EndTransactionParts {
  transactions: Transactions
}

/** A producer says how a transaction ended (request 37; reference: broker-behaviour 9.2). */
export function endTransactionHandler({
  transactions,
}: EndTransactionParts): Handler<End['request'], End['response']> {
  return ({ request, frame }) => transactions.end(request, isOneway(frame))
}

/** A transaction that was given up is checked anew (request 323; reference: broker-behaviour 9.4). */
export function resumeCheckHalfMessageHandler({
  transactions,
}: EndTransactionParts): Handler<Resume['request'], Resume['response']> {
  return ({ request }) => transactions.resume(request.msgId)
}
