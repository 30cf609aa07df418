import { failure, type Handler, success } from '@aerobee/net'
import { type commands, responseCodes } from '@aerobee/wire'
import type { TimerService } from '../timer/service.js'

type GetCheckPoint = typeof commands.getTimerCheckPoint
type GetMetrics = typeof commands.getTimerMetrics

interface Parts {
  timerService: TimerService
}

/** How far the timer has come (request 60; reference: broker-behaviour 13). */
export function getTimerCheckPointHandler({
  timerService,
}: Parts): Handler<GetCheckPoint['request'], GetCheckPoint['response']> {
  return () => {
    const bytes = timerService.checkpointBytes()
    return bytes ? success(null, bytes) : failure(responseCodes.SYSTEM_ERROR, 'The checkpoint is null')
  }
}

/** How many timers wait for each topic (request 61; reference: broker-behaviour 13). */
export function getTimerMetricsHandler({
  timerService,
}: Parts): Handler<GetMetrics['request'], GetMetrics['response']> {
  return () =>
    timerService.checkpointBytes()
      ? success(null, Buffer.from(JSON.stringify(timerService.metrics.document())))
      : failure(responseCodes.SYSTEM_ERROR, 'The timer message store is null')
}
