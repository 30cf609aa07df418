/** Wall time as yyyyMMddHHmmssSSS in the machine's time zone: names of index files and of files set aside. */
export const compactLocalTime = (wallMs: number): string => localParts(wallMs).join('')

/** The same as yyyy-MM-dd#HH:mm:ss:SSS, which RocketMQ's tools show. */
export function localTimeText(wallMs: number): string {
  const [year, month, day, ...time] = localParts(wallMs)
  return `${year}-${month}-${day}#${time.join(':')}`
}

function localParts(wallMs: number): string[] {
  const time = new Date(wallMs)
  const digits = (value: number, width: number) => String(value).padStart(width, '0')
  return [
    digits(time.getFullYear(), 4),
    digits(time.getMonth() + 1, 2),
    digits(time.getDate(), 2),
    digits(time.getHours(), 2),
    digits(time.getMinutes(), 2),
    digits(time.getSeconds(), 2),
    digits(time.getMilliseconds(), 3),
  ]
}
