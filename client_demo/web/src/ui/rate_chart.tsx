import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { CHART_MINUTES, type Studio } from '../state/studio';
import { formatWhole } from '../state/format';
import './rate_chart.css';

const REDRAW_MS = 1_000;

/** Gifts per minute: a bar a minute, the current one still growing. */
export function RateChart({ studio }: { studio: Studio }): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  const hovered = useSignal<number | null>(null);
  const series = useSignal(studio.rates.series(studio.live.client.serverNowMs()));
  useEffect(() => {
    if (!root.current) return undefined;
    const chart = makeChart(root.current, series.peek(), (index) => (hovered.value = index));
    const redraw = (): void => {
      series.value = studio.rates.series(studio.live.client.serverNowMs());
      chart.setData(series.value);
    };
    const resize = new ResizeObserver(([entry]) => entry && chart.setSize({ width: entry.contentRect.width, height: entry.contentRect.height }));
    resize.observe(root.current);
    // Once a second is what an eye can follow, however many gifts come in.
    const timer = setInterval(redraw, REDRAW_MS);
    redraw();
    return () => {
      clearInterval(timer);
      resize.disconnect();
      chart.destroy();
    };
  }, [studio]);
  const index = hovered.value ?? CHART_MINUTES - 1;
  const [times, counts] = series.value;
  return (
    <>
      <p class="rate-now">
        <span class="rate-value number">{formatWhole(counts[index] ?? 0)}</span> {hovered.value === null ? 'this minute' : `at ${timeOf(times[index] ?? 0)}`}
      </p>
      <div ref={root} class="rate-chart" role="img" aria-label={`Gifts per minute over the last ${CHART_MINUTES} minutes; ${counts.at(-1) ?? 0} in this minute.`} data-testid="gifts-per-minute" data-now={counts.at(-1) ?? 0} />
    </>
  );
}

function makeChart(root: HTMLElement, data: [number[], number[]], onHover: (index: number | null) => void): uPlot {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const font = `11px ${style.getPropertyValue('--font')}`;
  const axis = { font, stroke: colour('--text-faint'), ticks: { show: false } };
  return new uPlot(
    {
      width: root.clientWidth,
      height: root.clientHeight,
      padding: [10, 16, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { time: true, range: (_chart, min, max) => [min - 30, max + 30] }, y: { range: (_chart, _min, max) => [0, Math.max(5, max * 1.15)] } },
      axes: [
        { ...axis, size: 28, grid: { show: false }, space: 64, values: (_chart, times) => times.map(timeOf) },
        { ...axis, size: 40, space: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000], grid: { stroke: 'rgba(190, 205, 255, 0.08)', width: 1 } },
      ],
      series: [{}, { fill: (chart) => barFill(chart, colour('--accent'), colour('--accent-warm')), width: 0, points: { show: false }, ...bars() }],
      hooks: { setCursor: [(chart) => onHover(chart.cursor.idx ?? null)] },
    },
    data,
    root,
  );
}

/** uPlot's builders are optional in its types, because a build may leave them out; this one has them. */
function bars(): Pick<uPlot.Series, 'paths'> {
  const paths = uPlot.paths.bars?.({ size: [0.68, 28], radius: 0.28 });
  return paths ? { paths } : {};
}

function barFill(chart: uPlot, from: string, to: string): CanvasGradient {
  const gradient = chart.ctx.createLinearGradient(0, chart.bbox.top + chart.bbox.height, 0, chart.bbox.top);
  gradient.addColorStop(0, from);
  gradient.addColorStop(1, to);
  return gradient;
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, 5);
}
