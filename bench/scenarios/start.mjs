import { settledMemory } from '../lib/children.mjs'

const starts = 5

/** From spawn to a broker that serves, with an empty store, five times; memory of the last one when quiet. */
export const start = {
  name: 'start',
  title: 'start with an empty store',
  ownBrokers: true,

  /** @param {import('./index.mjs').Context} context */
  async run({ peer }) {
    const times = []
    let memory = { rssMiB: 0, anonMiB: 0 }
    for (let count = 1; count <= starts; count++) {
      const broker = await peer.start()
      try {
        times.push(broker.readyMs)
        if (count === starts) memory = await settledMemory(broker.pid, 3000)
      } finally {
        await broker.stop()
      }
    }
    times.sort((a, b) => a - b)
    return { startMinMs: times[0], startMedianMs: times[starts >> 1], startsMs: times, ...memory }
  },
}
