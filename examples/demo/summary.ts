import { count, type Done, perSecond, size } from './progress.ts'

/** A table of the results. */
export function summary(phases: readonly Done[]): string {
  const head = ['', 'messages', 'bytes', 'time', 'messages/s', 'bytes/s', '']
  const rows = phases.map(({ title, messages, bytes, seconds, note }) => [
    title,
    count(messages),
    size(bytes),
    `${seconds.toFixed(1)} s`,
    count(messages / seconds),
    perSecond(bytes, seconds),
    note,
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)))
  const text = (column: number) => column === 0 || column === head.length - 1
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (text(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd()
  return [line(head), ...rows.map(line)].join('\n')
}
