// Waiting for something with a deadline; no suite sleeps a fixed time.

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {number} deadlineMs
 * @param {string} what for the error text
 * @returns {Promise<T>}
 */
export async function withDeadline(promise, deadlineMs, what) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadlineMs} ms for ${what}`)), deadlineMs)
  })
  try {
    return await /** @type {Promise<T>} */ (Promise.race([promise, late]))
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Asks again and again until the answer is neither undefined nor false. An attempt that throws counts as "not yet",
 * and its error is shown when the deadline passes.
 * @template T
 * @param {() => Promise<T | undefined | false>} attempt
 * @param {number} deadlineMs
 * @param {string} what for the error text
 * @param {number} [intervalMs]
 * @returns {Promise<T>}
 */
export async function until(attempt, deadlineMs, what, intervalMs = 50) {
  const end = performance.now() + deadlineMs
  let lastError = ''
  for (;;) {
    try {
      const answer = await attempt()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      lastError = `; last error: ${error instanceof Error ? error.message : String(error)}`
    }
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}${lastError}`)
    await pause(intervalMs)
  }
}

/** @param {number} ms */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
