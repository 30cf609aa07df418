import { failure, type Reply, success } from '@aerobee/net'
import {
  type commands,
  type Decoded,
  decodeRecord,
  type MessageRecord,
  responseCodes,
  transactionTypes,
} from '@aerobee/wire'
import { illegalText } from '../delivery/texts.js'
import { committedMessage, type Half, halfOf } from './half-message.js'
import { endHalf, type OutcomeFault, storeOutcome } from './outcome.js'
import type { HalfLane, TransactionParts } from './parts.js'
import { tooLate } from './verdict.js'

export type EndRequest = Decoded<(typeof commands.endTransaction)['request']>

const error = (remark: string) => failure(responseCodes.SYSTEM_ERROR, remark)

/**
 * A producer says how a transaction ended (reference: broker-behaviour 9.2). The first outcome that is stored counts;
 * what comes later, or by an older copy of the half, is told so.
 */
export async function endTransaction(
  parts: TransactionParts,
  lanes: readonly HalfLane[],
  request: EndRequest,
  oneway: boolean,
): Promise<Reply> {
  const { commitOrRollback: type } = request
  if (type === transactionTypes.none) return success()
  if (type !== transactionTypes.commit && type !== transactionTypes.rollback)
    return error('commitOrRollback field wrong')
  const record = await readRecord(parts, request.commitLogOffset)
  const half = record && halfOf(record)
  const lane = lanes.find(({ halves }) => halves.queueId === record?.queueId)
  if (!half || !lane) return error('Find prepared transaction message failed')
  const refused = check(parts, half, request)
  if (refused) return refused
  const begun = lane.halves.begin(half.origin)
  if (begun === 'over') return error('The transaction of this half message is over: its outcome stays')
  if (begun === 'ending')
    return error('The transaction of this half message is being ended by another request')
  return type === transactionTypes.commit
    ? commit(parts, lane, half, request)
    : rollBack(parts, lane, half, oneway)
}

async function readRecord(
  { store }: TransactionParts,
  physicalOffset: number,
): Promise<MessageRecord | undefined> {
  if (physicalOffset < 0) return undefined
  const bytes = await store.recordAt(physicalOffset)
  const record = bytes && decodeRecord(bytes)
  return record?.ok ? record.value : undefined
}

function check({ clock, config }: TransactionParts, half: Half, request: EndRequest): Reply | undefined {
  const { record } = half
  const age = clock.wallMs() - record.bornTimestamp
  if (request.fromTransactionCheck !== true && tooLate(half, age, config.transactionTimeOut))
    return failure(responseCodes.ILLEGAL_OPERATION, null)
  if (half.group !== request.producerGroup) return error('The producer group wrong')
  if (record.queueOffset !== request.tranStateTableOffset)
    return error('The transaction state table offset wrong')
  if (record.physicalOffset !== request.commitLogOffset) return error('The commit log offset wrong')
  return undefined
}

function commit(
  parts: TransactionParts,
  lane: HalfLane,
  half: Half,
  { commitLogOffset }: EndRequest,
): Promise<Reply> {
  const message = committedMessage(half, commitLogOffset)
  return new Promise((resolve) =>
    storeOutcome(parts, lane, half, message, (fault) => resolve(committed(parts, fault))),
  )
}

function committed({ config }: TransactionParts, fault: OutcomeFault): Reply {
  if (fault === undefined) return success()
  if ('code' in fault) return failure(fault.code, fault.remark)
  switch (fault.status) {
    case 'FLUSH_DISK_TIMEOUT':
      return failure(responseCodes.FLUSH_DISK_TIMEOUT, null)
    case 'CREATE_MAPPED_FILE_FAILED':
      return error('Create mapped file failed.')
    case 'MESSAGE_ILLEGAL':
    case 'PROPERTIES_SIZE_EXCEEDED':
      return failure(responseCodes.MESSAGE_ILLEGAL, illegalText(config.maxMessageSize))
    case 'SERVICE_NOT_AVAILABLE':
      return failure(responseCodes.SERVICE_NOT_AVAILABLE, 'Service not available now.')
    default:
      return error('UNKNOWN_ERROR')
  }
}

/** Who waits for the answer gets it when the op message is stored, so that it is true after a kill too. */
function rollBack(
  parts: TransactionParts,
  lane: HalfLane,
  half: Half,
  oneway: boolean,
): Reply | Promise<Reply> {
  endHalf(parts, lane, half)
  if (oneway) return success()
  return new Promise((resolve) =>
    lane.ops.flush((safe) =>
      resolve(safe ? success() : failure(responseCodes.SERVICE_NOT_AVAILABLE, 'Service not available now.')),
    ),
  )
}
