// Free TCP ports on 127.0.0.1, taken from below the range that the kernel gives to outgoing connections: a server
// that is killed and started again on its port must not find it taken by a client that kept dialling meanwhile
// (a dial to a closed port in that range can even connect to itself).
import { createServer } from 'node:net'

const lowest = 12_000
const highest = 31_000
let next = lowest + Math.floor(Math.random() * (highest - lowest))

/** @param {number} port */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/**
 * @param {number[]} [besides] offsets from the port that must be free too, such as -2 for a broker's VIP port
 * @returns {Promise<number>}
 */
export async function freePort(besides = []) {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    next = next + 7 > highest ? lowest : next + 7
    const wanted = [next, ...besides.map((offset) => next + offset)]
    const free = await Promise.all(wanted.map(isFree))
    if (free.every(Boolean)) return next
  }
  throw new Error(`no free port between ${lowest} and ${highest} on 127.0.0.1`)
}
