import { AerobeeError } from '@aerobee/base'
import { groupNameFault } from '@aerobee/wire'
import { type DeadLetter, deadLetterJson, deadLetters, resendDeadLetters } from '../dead-letters.js'

export const dlqExamples = `
Examples:
  aerobee dlq list --group billing                        ids, topics and failed deliveries of all dead letters
  aerobee dlq resend --group billing --id 7F0000…         one of them to the topic it came from
  aerobee dlq resend --group billing --all -n ns1:9876
  aerobee dlq export --group billing > billing.jsonl      one JSON object a line

Resending makes new messages, which every group of the topic gets; the dead letters stay where they are.
`

export interface DlqOptions {
  group: string
  namesrvAddr?: string
  id?: readonly string[]
  all?: boolean
}

const say = (line: string) => void process.stdout.write(`${line}\n`)

function clientOptions({ group, namesrvAddr }: DlqOptions) {
  const fault = groupNameFault(group)
  if (fault) throw new AerobeeError('INVALID_ARGUMENT', fault)
  return { group, namesrvAddr: namesrvAddr ?? process.env.NAMESRV_ADDR ?? '127.0.0.1:9876' }
}

/** Tab-separated, with a head; the last line says how many on standard error. */
export async function dlqList(options: DlqOptions): Promise<void> {
  let count = 0
  for await (const letter of deadLetters(clientOptions(options))) {
    if (count++ === 0) say(['ID', 'TOPIC', 'FAILED', 'DEAD SINCE', 'TAGS', 'KEYS', 'ORIGIN ID'].join('\t'))
    say(listLine(letter))
  }
  process.stderr.write(`${count} dead letters of group ${options.group}\n`)
}

const listLine = (letter: DeadLetter): string =>
  [
    letter.messageId,
    letter.originTopic,
    letter.reconsumeTimes,
    new Date(letter.storeTimestamp).toISOString(),
    letter.tags ?? '-',
    letter.keys.join(' ') || '-',
    letter.originMessageId ?? '-',
  ].join('\t')

export async function dlqResend(options: DlqOptions): Promise<void> {
  const { id: ids, all } = options
  if ((ids === undefined) === !all)
    throw new AerobeeError(
      'INVALID_ARGUMENT',
      'say which dead letters to send again: --id ID (several times) or --all',
    )
  const count = await resendDeadLetters({
    ...clientOptions(options),
    ...(ids && { ids }),
    onSent: (letter, result) =>
      say(`${letter.messageId}\t${letter.originTopic}\t${result.status}\t${result.messageId}`),
  })
  process.stderr.write(`${count} dead letters of group ${options.group} were sent again\n`)
}

export async function dlqExport(options: DlqOptions): Promise<void> {
  for await (const letter of deadLetters(clientOptions(options))) say(deadLetterJson(letter))
}
