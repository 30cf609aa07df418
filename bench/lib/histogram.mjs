/**
 * Latencies in microseconds: exact below 256, then 128 steps a power of two (error below 0.8 %), up to 67 s.
 */
export class Histogram {
  constructor() {
    this.counts = new Uint32Array(256 + 128 * 18)
    this.total = 0
    this.max = 0
  }

  /** @param {number} micros */
  record(micros) {
    const value = micros < 0 ? 0 : micros > 67_000_000 ? 67_000_000 : micros | 0
    let index = value
    if (value >= 256) {
      const shift = 24 - Math.clz32(value)
      index = 256 + (shift - 1) * 128 + ((value >>> shift) - 128)
    }
    this.counts[index]++
    this.total++
    if (value > this.max) this.max = value
  }

  /** @param {number} share 0 to 1 @returns {number | null} microseconds, null when nothing was recorded */
  quantile(share) {
    if (this.total === 0) return null
    const wanted = Math.max(1, Math.ceil(this.total * share))
    let seen = 0
    for (let index = 0; index < this.counts.length; index++) {
      seen += this.counts[index]
      if (seen >= wanted) return index < 256 ? index : middleOf(index)
    }
    return this.max
  }

  summary() {
    return {
      p50Us: this.quantile(0.5),
      p99Us: this.quantile(0.99),
      p999Us: this.quantile(0.999),
      maxUs: this.total === 0 ? null : this.max,
    }
  }
}

/** @param {number} index */
function middleOf(index) {
  const shift = Math.floor((index - 256) / 128) + 1
  const step = ((index - 256) % 128) + 128
  return (step + 0.5) * 2 ** shift
}
