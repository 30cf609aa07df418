import { defineCommand, int32 } from '@aerobee/wire'

/** A command for tests over real sockets; holds no tests itself. */
export const ask = defineCommand({
  name: 'ASK',
  code: 900,
  about: 'for tests',
  callers: ['client'],
  receiver: 'broker',
  access: { resource: 'none', action: 'Any' },
  request: { number: int32('a number') },
  response: { number: int32('the number back') },
})
