// The pictures of the results, as SVG that reads well on a light page and on a dark one: no background, colours in between.
import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components'
import { type EChartsCoreOption, init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

import { INK, legible } from './ink.ts'
import { curveResults, show, sizeIn } from './report.ts'
import type { Result } from './results.ts'
import { nameOf, sizeNamed } from './sizes.ts'

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer])

const FAINT = '#7d859040'
const OURS = '#2f81f7'
const THEIRS = '#8b949e'
const FLOOR = '#6e7781'
const FONT = 'system-ui, sans-serif'
const WIDTH = 880

/** The colour of each line of a curve: those of a palette for the colour-blind that neither page swallows. */
const LINES: Record<string, string> = {
  floor: FLOOR,
  'carom sync': '#2f81f7',
  'carom async': '#56b4e9',
  'Python multiprocessing': '#d55e00',
  'node:net, callbacks': '#009e73',
  MessagePort: '#cc79a7',
  'zeromq.js': '#e69f00',
  'fork, advanced': '#a371f7',
}

/** A picture and the file that it belongs in. */
export interface Picture {
  file: string
  /** For readers who can't see it. */
  text: string
  svg: string
}

export function pictures(results: readonly Result[]): Picture[] {
  const all: Picture[] = [
    {
      file: 'round-trip.svg',
      text: 'The median round trip of 64 B and of a small object, by each way to send it',
      svg: bars(results, ['round trip, 64 B', 'round trip, small object'], 'shorter is better'),
    },
    {
      file: 'one-way.svg',
      text: 'Messages of 64 B and small objects a second, one way, by each way to send them',
      svg: bars(results, ['one way, 64 B', 'one way, small object'], 'longer is better'),
    },
    {
      file: 'by-size.svg',
      text: 'How the round trip and the bytes a second grow with the size of a message, by each way to send it',
      svg: curves(results),
    },
  ]
  return all.filter(({ svg }) => svg !== '')
}

/** Bars side by side for some workloads, the best first. What is no rival is left out: the floor would make the others' differences small. */
function bars(results: readonly Result[], workloads: readonly string[], better: string): string {
  const panels = workloads.map((workload) =>
    results
      .filter((result) => result.workload === workload && !/^floor|, nothing sent$/.test(result.rival))
      // The last category of an axis is at its top.
      .toSorted((a, b) => (a.kind === 'latency' ? 1 : -1) * (b.figure.median - a.figure.median)),
  )
  if (panels.some((panel) => panel.length === 0)) return ''
  const height = 70 + 24 * Math.max(...panels.map((panel) => panel.length))
  return render(height, {
    title: panels.map((_, i) => title(`${workloads[i]} (${better})`, `${i * 50}%`)),
    grid: panels.map((_, i) => ({ left: `${i * 50 + 21}%`, width: '20%', top: 40, bottom: 10 })),
    xAxis: panels.map((_, i) => ({ type: 'value', gridIndex: i, show: false })),
    yAxis: panels.map((panel, i) => ({
      type: 'category',
      gridIndex: i,
      data: panel.map(({ rival }) => rival),
      axisLabel: label({ interval: 0 }),
      axisLine: { lineStyle: { color: FAINT } },
      axisTick: { show: false },
    })),
    series: panels.map((panel, i) => ({
      type: 'bar',
      xAxisIndex: i,
      yAxisIndex: i,
      barWidth: '65%',
      data: panel.map(({ rival, kind, figure }) => ({
        value: figure.median,
        itemStyle: { color: rival.startsWith('carom') ? OURS : THEIRS },
        label: label({ show: true, position: 'right', formatter: show(kind, figure.median) }),
      })),
    })),
  })
}

/** Lines over the size of a message, both axes logarithmic. */
function curves(results: readonly Result[]): string {
  const panels = ['round trip', 'one way'].map((act) => curveResults(results, act))
  if (panels.some((panel) => panel.length === 0)) return ''
  const names = Object.keys(LINES)
  return render(440, {
    title: [title('round trip (lower is better)', '0%'), title('payload a second, one way (higher is better)', '50%')],
    legend: { data: names, bottom: 0, width: 560, itemGap: 18, itemWidth: 18, textStyle: text() },
    grid: panels.map((_, i) => ({ left: `${i * 50 + 8}%`, width: '40%', top: 40, bottom: 110 })),
    xAxis: panels.map((_, i) => ({
      ...logarithmic(4),
      gridIndex: i,
      max: sizeNamed('64 MiB'),
      axisLabel: label({
        formatter: nameOf,
        rotate: 45,
        customValues: ['1 B', '64 B', '1 KiB', '16 KiB', '256 KiB', '4 MiB', '64 MiB'].map(sizeNamed),
      }),
    })),
    yAxis: panels.map((_, i) => ({
      ...logarithmic(10),
      gridIndex: i,
      axisLabel: label({ formatter: i === 0 ? time : rate }),
      splitLine: { lineStyle: { color: FAINT } },
    })),
    series: panels.flatMap((panel, i) =>
      names.map((name) => ({
        type: 'line',
        name,
        xAxisIndex: i,
        yAxisIndex: i,
        symbol: 'circle',
        symbolSize: 4,
        lineStyle: { width: name.startsWith('carom') ? 3 : 1.5, type: name === 'floor' ? 'dashed' : 'solid' },
        color: LINES[name],
        data: points(panel, name),
      })),
    ),
  })
}

/** Sizes and nanoseconds, or sizes and bytes a second. */
function points(panel: readonly Result[], name: string): [number, number][] {
  return panel
    .filter(({ rival }) => rival === name)
    .map(({ workload, kind, figure }): [number, number] => {
      const size = sizeNamed(sizeIn(workload))
      return [size, kind === 'messages' ? figure.median * size : figure.median]
    })
    .toSorted(([a], [b]) => a - b)
}

function logarithmic(base: number): object {
  return { type: 'log', logBase: base, axisLine: { lineStyle: { color: FAINT } }, splitLine: { show: false } }
}

function title(content: string, left: string): object {
  return { text: content, left, top: 4, textStyle: { ...text(), fontSize: 14, fontWeight: 600 } }
}

function text(): object {
  return { color: INK, fontFamily: FONT, fontSize: 12 }
}

function label(more: object): object {
  return { ...text(), ...more }
}

function time(nanoseconds: number): string {
  const [unit, size] = nanoseconds < 1e6 ? ['µs', 1e3] : nanoseconds < 1e9 ? ['ms', 1e6] : ['s', 1e9]
  return `${nanoseconds / size} ${unit}`
}

function rate(bytes: number): string {
  const [unit, size] = bytes < 1e6 ? ['kB', 1e3] : bytes < 1e9 ? ['MB', 1e6] : ['GB', 1e9]
  return `${bytes / size} ${unit}/s`
}

function render(height: number, option: EChartsCoreOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  chart.setOption({ animation: false, backgroundColor: 'transparent', textStyle: text(), ...option })
  const svg = legible(chart.renderToSVGString())
  chart.dispose()
  return `${svg}\n`
}
