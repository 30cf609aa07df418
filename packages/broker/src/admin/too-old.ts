import { failure, type Reply } from '@aerobee/net'
import { responseCodes, versionName, versions } from '@aerobee/wire'

/** The refusal for clients from before requests 220 and 221; undefined when there is none among them. */
export function refuseTooOld(clients: readonly { version: number }[]): Reply | undefined {
  const tooOld = clients.find(({ version }) => version < versions.V3_0_7_SNAPSHOT)
  return tooOld
    ? failure(
        responseCodes.SYSTEM_ERROR,
        `the client does not support this feature. version=${versionName(tooOld.version)}`,
      )
    : undefined
}
