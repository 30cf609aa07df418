import { AerobeeError } from '@aerobee/base'
import type { Answer } from '@aerobee/net'
import { type Decoded, type FieldSet, responseCodeName, responseCodes } from '@aerobee/wire'

/** Codes after which the same request may succeed, perhaps at another broker (reference: client-behaviour 2.1). */
const retryableCodes: ReadonlySet<number> = new Set([
  responseCodes.TOPIC_NOT_EXIST,
  responseCodes.SERVICE_NOT_AVAILABLE,
  responseCodes.SYSTEM_ERROR,
  responseCodes.SYSTEM_BUSY,
  responseCodes.NO_PERMISSION,
  responseCodes.NO_BUYER_ID,
  responseCodes.NOT_IN_CURRENT_UNIT,
  responseCodes.GO_AWAY,
])

/** An answer other than success, as an error that names the broker, the code and its text. */
export function brokerError(answer: Answer, what: string, address: string): AerobeeError {
  const name = responseCodeName(answer.code)
  return new AerobeeError(
    'BROKER_ERROR',
    `${what}: broker ${address} answered ${answer.code}${name ? ` ${name}` : ''}: ${answer.remark ?? 'without a reason'}`,
    { retryable: retryableCodes.has(answer.code), responseCode: answer.code, address },
  )
}

/** Fields of a successful answer. Throws BROKER_ERROR, or MALFORMED when fields are missing. */
export function expectSuccess<Res extends FieldSet>(
  answer: Answer<Res>,
  what: string,
  address: string,
): Decoded<Res> {
  if (answer.code !== responseCodes.SUCCESS) throw brokerError(answer as unknown as Answer, what, address)
  return expectFields(answer, what, address)
}

export function expectFields<Res extends FieldSet>(
  answer: Answer<Res>,
  what: string,
  address: string,
): Decoded<Res> {
  if (!answer.fields)
    throw new AerobeeError('MALFORMED', `${what}: the answer of ${address} lacks fields`, { address })
  return answer.fields
}
