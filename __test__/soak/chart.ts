// The picture of a soak: memory and descriptors over its time, as SVG that reads well on a light page and on a dark one.

import { LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { INK, legible } from '../../bench/ink.ts'
import type { Sample } from './samples.ts'

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer])

const FAINT = '#7d859040'
const MiB = 1024 * 1024

const LINES: [name: string, color: string, value: (sample: Sample) => number, axis: 0 | 1][] = [
  ['resident memory, MiB', '#2f81f7', ({ rss }) => rss / MiB, 0],
  ['JavaScript heap, MiB', '#009e73', ({ heap }) => heap / MiB, 0],
  ['memory of buffers, MiB', '#e69f00', ({ external }) => external / MiB, 0],
  ['descriptors', '#cc79a7', ({ descriptors }) => descriptors, 1],
]

export function chart(samples: Sample[]): string {
  const picture = init(null, null, { renderer: 'svg', ssr: true, width: 880, height: 380 })
  const text = { color: INK, fontFamily: 'system-ui, sans-serif' }
  const line = { lineStyle: { color: FAINT } }
  picture.setOption({
    animation: false,
    // Without a canvas, the width of a text is an estimate, and a low one.
    legend: { bottom: 0, itemGap: 40, textStyle: text },
    grid: { left: 60, right: 90, top: 30, bottom: 70 },
    xAxis: {
      type: 'value',
      name: 'seconds',
      nameTextStyle: text,
      axisLabel: text,
      axisLine: line,
      splitLine: { show: false },
    },
    yAxis: ['MiB', 'descriptors'].map((name, n) => ({
      type: 'value',
      name,
      nameTextStyle: text,
      axisLabel: text,
      splitLine: n === 0 ? line : { show: false },
    })),
    series: LINES.map(([name, color, value, yAxisIndex]) => ({
      type: 'line',
      name,
      yAxisIndex,
      showSymbol: false,
      itemStyle: { color },
      lineStyle: { width: 1.5 },
      data: samples.map((sample) => [sample.at, Number(value(sample).toFixed(1))]),
    })),
  })
  const svg = legible(picture.renderToSVGString())
  picture.dispose()
  return svg
}
