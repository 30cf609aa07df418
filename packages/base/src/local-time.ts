/** Wall time as yyyyMMddHHmmssSSS in the machine's time zone: names of index files and of files set aside. */
export function compactLocalTime(wallMs: number): string {
  const time = new Date(wallMs)
  const digits = (value: number, width: number) => String(value).padStart(width, '0')
  return (
    digits(time.getFullYear(), 4) +
    digits(time.getMonth() + 1, 2) +
    digits(time.getDate(), 2) +
    digits(time.getHours(), 2) +
    digits(time.getMinutes(), 2) +
    digits(time.getSeconds(), 2) +
    digits(time.getMilliseconds(), 3)
  )
}
