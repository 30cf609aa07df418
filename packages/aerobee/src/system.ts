import {
  type Clock,
  type FileSystem,
  nodeFileSystem,
  type Random,
  systemClock,
  systemRandom,
} from '@aerobee/base'
import { type Transport, tcpTransport } from '@aerobee/net'

/** Everything a server takes from its surroundings. */
export interface Surroundings {
  clock: Clock
  random: Random
  fileSystem: FileSystem
  transport: Transport
}

/** The machine itself. */
export const machine: Surroundings = {
  clock: systemClock,
  random: systemRandom,
  fileSystem: nodeFileSystem,
  transport: tcpTransport,
}
