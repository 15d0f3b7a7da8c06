import type { Machine } from './machine.ts'
import type { Kind, Result } from './results.ts'

/** The machine as a Markdown list. */
export function describeMachine(machine: Machine): string {
  return Object.entries(machine)
    .map(([name, value]) => `- ${name}: ${value}`)
    .join('\n')
}

/** A figure with its unit: `4.5 µs`, `11.2 M/s`, `4.80 GB/s`. */
export function show(kind: Kind, value: number): string {
  if (kind === 'latency') return `${(value / 1e3).toFixed(1)} µs`
  if (kind === 'bytes') return `${(value / 1e9).toFixed(2)} GB/s`
  return value >= 1e6 ? `${(value / 1e6).toFixed(2)} M/s` : `${(value / 1e3).toFixed(0)} k/s`
}

/** A Markdown table for each workload. */
export function report(results: readonly Result[]): string {
  const workloads = [...new Set(results.map((result) => result.workload))]
  return workloads
    .map((workload) => {
      const rows = results.filter((result) => result.workload === workload)
      const latency = rows[0]?.kind === 'latency'
      const head = latency ? ['', 'p50', 'min … max', 'p99', '÷ floor'] : ['', 'median', 'min … max', '÷ floor']
      return `### ${workload}\n\n${table([head, ...rows.map(row)])}`
    })
    .join('\n\n')
}

function row({ rival, kind, figure, p99, ratio }: Result): string[] {
  const range = `${show(kind, figure.min)} … ${show(kind, figure.max)}`
  const tail = p99 ? [show(kind, p99.median)] : []
  // Two significant digits at least: fork's share of the floor is a thousandth.
  const share = ratio.median >= 0.1 ? ratio.median.toFixed(2) : ratio.median.toPrecision(2)
  return [rival, show(kind, figure.median), range, ...tail, share]
}

/** Aligned, so that it reads as well on a terminal as rendered. */
function table([head = [], ...rows]: readonly string[][]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((cells) => cells[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line)].join('\n')
}
