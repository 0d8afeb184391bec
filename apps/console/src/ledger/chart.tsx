import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import UPlot from "uplot";
import { isDark } from "../header/theme.js";
import { useSignal } from "../state/signal.js";
import { clockLabel } from "./clock-label.js";
import type { Ledger, Stretch } from "./ledger.js";

interface ChartProps {
  readonly ledger: Ledger;
  readonly stretch: Stretch;
  /** The bucket under the pointer. */
  readonly onPoint: (index: number | undefined) => void;
}

const HEIGHT = 190;
const STRIP = 5;
const SECOND = 1000;
const LEAST_TOP = 4;
/** Pixels of the label at the end of the axis, half of which is beyond it. */
const LAST_LABEL = 36;

/** Draws the ledger: what came in as bars, what was made good as lines, and behind them when circuits were open. */
export function Chart({ ledger, stretch, onPoint }: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef({ ledger, stretch, onPoint });
  const plot = useRef<UPlot>();
  const dark = useSignal(isDark);
  drawn.current = { ledger, stretch, onPoint };
  useLayoutEffect(() => {
    const host = place.current;
    if (host === null) return;
    const made = new UPlot(optionsOf(host, drawn), dataOf(drawn.current.ledger), host);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: host.clientWidth, height: HEIGHT }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [dark]);
  useLayoutEffect(() => plot.current?.setData(dataOf(ledger)), [ledger]);
  return <div class="chart" ref={place} aria-hidden="true" />;
}

type Drawn = { readonly current: ChartProps };

function dataOf({ times, captured, replayed, settled }: Ledger): UPlot.AlignedData {
  return [times.map((at) => at / SECOND), [...captured], [...replayed], [...settled]];
}

function optionsOf(host: HTMLElement, drawn: Drawn): UPlot.Options {
  const colour = (name: string): string => getComputedStyle(host).getPropertyValue(`--${name}`).trim();
  const axis: UPlot.Axis = {
    stroke: colour("muted"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: colour("line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: host.clientWidth,
    height: HEIGHT,
    padding: [STRIP * 2, LAST_LABEL / 2, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: true, range: () => rangeOf(drawn) }, y: { range: (_, __, max) => [0, top(max)] } },
    axes: [
      { ...axis, values: (_, splits) => splits.map((at) => clockLabel(at * SECOND)), space: 64, size: 26 },
      { ...axis, size: 44, incrs: WHOLE, space: 34 },
    ],
    series: seriesOf(colour),
    hooks: {
      drawClear: [(plot) => drawSpans(plot, drawn.current.ledger, colour)],
      setCursor: [({ cursor: { idx } }) => drawn.current.onPoint(idx ?? undefined)],
    },
  };
}

/** Steps between labels: there is no half of a call. */
const WHOLE = [1, 2, 5]
  .flatMap((digit) => [1, 10, 100, 1000, 1e4, 1e5, 1e6].map((unit) => digit * unit))
  .sort((a, b) => a - b);

function rangeOf({ current: { stretch } }: Drawn): UPlot.Range.MinMax {
  return [stretch.from / SECOND, stretch.to / SECOND];
}

function top(max: number | null): number {
  return Math.max(LEAST_TOP, Math.ceil((max ?? 0) * 1.15));
}

function seriesOf(colour: (name: string) => string): UPlot.Series[] {
  const bars = UPlot.paths.bars?.({ size: [0.7, 24, 1], align: 1, radius: 0.1 });
  const steps = UPlot.paths.stepped?.({ align: 1 });
  const line = { points: { show: false }, ...(steps !== undefined && { paths: steps }) };
  return [
    {},
    {
      label: "captured",
      fill: colour("captured"),
      stroke: colour("captured"),
      width: 0,
      points: { show: false },
      ...(bars !== undefined && { paths: bars }),
    },
    { label: "replayed", stroke: colour("replayed"), width: 2, ...line },
    { label: "settled", stroke: colour("settled"), width: 2, dash: [5, 4], ...line },
  ];
}

/** A strip along the top and a shade below it, for every stretch in which a circuit was open. */
function drawSpans(plot: UPlot, { spans }: Ledger, colour: (name: string) => string): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.fillStyle = colour("span");
  for (const { from, to } of spans) {
    const left = plot.valToPos(from / SECOND, "x", true);
    const width = Math.max(2 * ratio, plot.valToPos(to / SECOND, "x", true) - left);
    ctx.globalAlpha = 0.14;
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.globalAlpha = 1;
    ctx.fillRect(left, bbox.top - STRIP * ratio, width, STRIP * ratio);
  }
  ctx.restore();
}
