import { limits } from '@aerobee/base'
import { failure, type Reply, success } from '@aerobee/net'
import { responseCodes } from '@aerobee/wire'

/** What an answer may hold; upstream's clients close the connection on a frame beyond limits.frameBytes. */
export const answerBytes = limits.frameBytes - limits.frameHeaderBytes

/** Success with the body, unless no frame can hold it; `instead` tells what to ask then. */
export const wholeAnswer = (body: Uint8Array, instead: string): Reply =>
  body.length <= answerBytes
    ? success(null, body)
    : failure(
        responseCodes.SYSTEM_ERROR,
        `the answer has ${body.length} bytes, which no frame can hold: ${instead}`,
      )
