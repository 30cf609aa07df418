/** Wall time as yyyyMMddHHmmssSSS in the machine's time zone: names of index files and of files set aside. */
export const compactLocalTime = (wallMs: number): string => localParts(wallMs).join('')

/** The same as yyyy-MM-dd#HH:mm:ss:SSS, which RocketMQ's tools show. */
export function localTimeText(wallMs: number): string {
  const [year, month, day, ...time] = localParts(wallMs)
  return `${year}-${month}-${day}#${time.join(':')}`
}

/** 0 to 23, in the machine's time zone. */
export const localHour = (wallMs: number): number => new Date(wallMs).getHours()

/** Hours 0-23 separated by `;`, as `deleteWhen` has them. Undefined when it is none. */
export function parseHours(text: string): readonly number[] | undefined {
  const parts = text.split(';').map((part) => part.trim())
  const hours = parts
    .filter((part) => part !== '')
    .map((part) => (/^\d{1,2}$/.test(part) ? Number(part) : -1))
  return hours.length > 0 && hours.every((hour) => hour >= 0 && hour <= 23) ? hours : undefined
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
