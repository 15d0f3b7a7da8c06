/** Dates and times, as the texts that Python's `isoformat()` gives. */

/** Whether `text` is `YYYY-MM-DD`, a day of the years 1 to 9999. */
export function isDate(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00Z`) : Number.NaN
  return !Number.isNaN(time) && !text.startsWith('0000') && new Date(time).toISOString().slice(0, 10) === text
}

/** Hours, minutes, and maybe seconds and a fraction of up to six digits. */
const TIME = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?$/

/** The text of a time of day as Python writes it, with its seconds, and six digits of them if any is not 0. */
export function timeText(text: string): string | undefined {
  const [, hour, minute, second = '00', fraction = ''] = TIME.exec(text) ?? []
  if (hour === undefined) return undefined
  const microseconds = fraction.padEnd(6, '0')
  return `${hour}:${minute}:${second}${Number(microseconds) === 0 ? '' : `.${microseconds}`}`
}

/** A whole number with leading zeros. */
export function digits(value: number, count: number): string {
  return String(value).padStart(count, '0')
}

/** `HH:MM:SS`, with six more digits where there are microseconds. */
export function timeOf(hour: number, minute: number, second: number, microsecond: number): string {
  const time = `${digits(hour, 2)}:${digits(minute, 2)}:${digits(second, 2)}`
  return microsecond === 0 ? time : `${time}.${digits(microsecond, 6)}`
}

/** The microseconds of a text of `timeText`. */
export function microsecondsOf(time: string): number {
  return Number(time.slice(9) || 0)
}
