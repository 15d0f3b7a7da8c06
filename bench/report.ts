import type { Machine } from './machine.ts'
import type { Kind, Result } from './results.ts'
import { sizeNamed } from './sizes.ts'

/** The machine as a Markdown list. */
export function describeMachine(machine: Machine): string {
  return Object.entries(machine)
    .map(([name, value]) => `- ${name}: ${value}`)
    .join('\n')
}

/** A figure with its unit: `4.5 µs`, `11.2 M/s`, `4.80 GB/s`, `640 B`, `0.1 %`. */
export function show(kind: Kind, value: number): string {
  if (kind === 'latency' || kind === 'processor') return showTime(value)
  if (kind === 'bytes') return value >= 1e9 ? `${(value / 1e9).toFixed(2)} GB/s` : `${(value / 1e6).toFixed(0)} MB/s`
  if (kind === 'memory') return value >= 10_240 ? `${(value / 1024).toFixed(1)} KiB` : `${value.toFixed(0)} B`
  if (kind === 'load') return `${(value * 100).toFixed(2)} %`
  return value >= 1e6 ? `${(value / 1e6).toFixed(2)} M/s` : `${(value / 1e3).toFixed(0)} k/s`
}

function showTime(nanoseconds: number): string {
  if (nanoseconds < 1e3) return `${nanoseconds.toFixed(0)} ns`
  return nanoseconds < 1e6 ? `${(nanoseconds / 1e3).toFixed(1)} µs` : `${(nanoseconds / 1e6).toFixed(1)} ms`
}

/** The names of the columns of the figure and of its detail. */
const HEADS: Record<Kind, readonly [string, string]> = {
  latency: ['p50', 'p99'],
  messages: ['median', 'processor time a message'],
  bytes: ['median', 'processor time a message'],
  processor: ['both ends', 'the receiver'],
  memory: ['the accepting end', 'the connecting end'],
  load: ['median', ''],
}

/** A Markdown table for each workload that is more than a point of a curve, and one for each curve. */
export function report(results: readonly Result[]): string {
  const tables = unique(results.filter(({ curve }) => !curve).map(({ workload }) => workload)).map((workload) =>
    section(workload, tableOf(results.filter((result) => result.workload === workload && !result.curve))),
  )
  const curves = ['round trip', 'one way'].map((act) => section(`${act}, by size`, curveOf(results, act)))
  return [...tables, ...(results.some(({ curve }) => curve) ? curves : [])].join('\n\n')
}

/** The results of a curve, those that are measured anyway included. */
export function curveResults(results: readonly Result[], act: string): Result[] {
  const rivals = new Set(results.filter(({ curve }) => curve).map(({ rival }) => rival))
  return results.filter(({ workload, rival }) => rivals.has(rival) && SIZED.exec(workload)?.[1] === act)
}

const SIZED = /^(.*), (\d+ (?:B|KiB|MiB))$/

/** The size in a workload's name. */
export function sizeIn(workload: string): string {
  return SIZED.exec(workload)?.[2] ?? ''
}

function section(title: string, body: string): string {
  return `### ${title}\n\n${body}`
}

function tableOf(rows: readonly Result[]): string {
  const { kind, rival: base } = rows[0]!
  const [figure, detail] = HEADS[kind]
  const detailed = rows.some((result) => result.detail)
  const timed = rows.some((result) => result.processor)
  const head = [
    '',
    figure,
    'min … max',
    ...(detailed ? [detail] : []),
    ...(timed ? ['processor time, both ends'] : []),
    `÷ ${base}`,
  ]
  return table([head, ...rows.map((result) => row(result, detailed, timed))])
}

function row({ rival, kind, figure, detail, processor, ratio }: Result, detailed: boolean, timed: boolean): string[] {
  const range = `${show(kind, figure.min)} … ${show(kind, figure.max)}`
  const detailKind = kind === 'messages' || kind === 'bytes' ? 'processor' : kind
  const details = detailed ? [detail ? show(detailKind, detail.median) : ''] : []
  const times = timed ? [processor ? show('processor', processor.median) : ''] : []
  return [rival, show(kind, figure.median), range, ...details, ...times, ratio ? showRatio(ratio.median) : '']
}

/** Two significant digits at least: fork's share of the floor is a thousandth. */
export function showRatio(ratio: number): string {
  return ratio >= 0.1 ? ratio.toFixed(2) : ratio.toPrecision(2)
}

function curveOf(results: readonly Result[], act: string): string {
  const points = curveResults(results, act)
  const sizes = unique(points.map(({ workload }) => sizeIn(workload))).toSorted((a, b) => sizeNamed(a) - sizeNamed(b))
  const rivals = unique(points.map(({ rival }) => rival))
  const cell = (size: string, who: string) => {
    const found = points.find(({ workload, rival }) => sizeIn(workload) === size && rival === who)
    return found ? show(found.kind, found.figure.median) : ''
  }
  return table([['', ...rivals], ...sizes.map((size) => [size, ...rivals.map((rival) => cell(size, rival))])])
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}

/** Aligned, so that it reads as well on a terminal as rendered. */
export function table([head = [], ...rows]: readonly string[][]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((cells) => cells[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line)].join('\n')
}
