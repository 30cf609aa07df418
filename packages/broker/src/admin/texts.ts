/** Figures in the text forms that upstream's tools print and parse. */
const dayMs = 86_400_000

/** `[ 0 days, 0 hours, 16 minutes, 41 seconds ]` */
export function runtimeText(elapsedMs: number): string {
  const ms = Math.max(0, elapsedMs)
  const part = (unitMs: number, most: number) => Math.floor(ms / unitMs) % most
  const days = Math.floor(ms / dayMs)
  return `[ ${days} days, ${part(3_600_000, 24)} hours, ${part(60_000, 60)} minutes, ${part(1000, 60)} seconds ]`
}

/** `0 B`, `1.5 KiB`, `252.0 GiB` */
export function byteText(bytes: number): string {
  const unit = Math.min(6, Math.max(0, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1024))))
  return unit === 0 ? `${bytes} B` : `${(bytes / 1024 ** unit).toFixed(1)} ${'KMGTPE'[unit - 1]}iB`
}

/** A Java double with at most four places: `0.0`, `38.6071`. */
export function numberText(value: number): string {
  const rounded = Number(value.toFixed(4))
  return Number.isInteger(rounded) ? `${rounded}.0` : String(rounded)
}
