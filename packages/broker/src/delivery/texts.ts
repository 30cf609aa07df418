export const illegalText = (maxMessageSize: number): string =>
  'the message is illegal, maybe msg body or properties length not matched. ' +
  `msg body length limit ${maxMessageSize}B, msg properties length limit 32KB.`
