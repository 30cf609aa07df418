export const illegalText = (maxMessageSize: number): string =>
  'the message is illegal, maybe msg body or properties length not matched. ' +
  `msg body length limit ${maxMessageSize}B, msg properties length limit 32KB.`

/** A message that asks for what this broker does not do yet must not be stored as if it did not ask. */
export const notServedText = (what: string): string =>
  `${what} is not served by this broker yet; the message was not stored`
