// Charts of the console's pages. Each is drawn from a table of the same page, which stays there for whoever has no
// script, does not see, or wants the numbers: <figure data-chart="days" data-of="id of the table">.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./charts.css";

interface Series {
  label: string;
  colour: string;
  values: (number | null)[];
}

const FONT = '12px "Noto Sans CJK SC", "Microsoft YaHei", SimSun, sans-serif';
const BAR = 0.7; // of the room that a bar has

function textOf(cell: Element | undefined): string {
  return cell?.textContent?.trim() ?? "";
}

function valueOf(cell: HTMLElement | undefined): number | null {
  const text = cell?.dataset["value"] ?? textOf(cell);
  return /^-?\d/.test(text) ? Number.parseFloat(text) : null;
}

function read(table: HTMLTableElement): { labels: string[]; series: Series[] } {
  const rows = [...(table.tBodies[0]?.rows ?? [])];
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  const series = heads.flatMap((head, column) => {
    const name = head.dataset["series"];
    if (name === undefined) return [];
    const colour = getComputedStyle(document.documentElement).getPropertyValue(`--chart-${name}`).trim();
    return [{ label: textOf(head), colour, values: rows.map((row) => valueOf(row.cells[column])) }];
  });
  return { labels: rows.map((row) => textOf(row.cells[0])), series };
}

function axes(labels: string[]): { named: uPlot.Axis; counted: uPlot.Axis } {
  const style = { stroke: "#5b6861", font: FONT, ticks: { show: false } };
  return {
    named: {
      ...style,
      grid: { show: false },
      splits: () => labels.map((_, index) => index),
      values: (_, splits) => splits.map((split) => labels[split] ?? ""),
    },
    counted: { ...style, grid: { stroke: "#dfe5e1", width: 1 } },
  };
}

// Days next to each other, what became of their windows on top of each other.
function days(labels: string[], series: Series[], width: number): [uPlot.Options, uPlot.AlignedData] {
  const sums = series.map((_, top) =>
    labels.map((_, day) => series.slice(0, top + 1).reduce((sum, one) => sum + (one.values[day] ?? 0), 0)),
  );
  const { named, counted } = axes(labels);
  const every = Math.ceil((labels.length * 46) / Math.max(width - 60, 1)); // labels that do not touch
  const shown: uPlot.Series[] = series.map((one) => ({
    label: one.label,
    fill: one.colour,
    stroke: one.colour,
    width: 0,
    points: { show: false },
    paths: uPlot.paths.bars!({ size: [BAR, 48] }),
  }));
  const options: uPlot.Options = {
    width,
    height: 240,
    scales: { x: { time: false, range: [-0.6, labels.length - 0.4] }, y: { range: (_, __, max) => [0, max * 1.08 || 1] } },
    // The tallest is drawn first, the others before it.
    series: [{}, ...shown.reverse()],
    axes: [
      { ...named, splits: () => labels.map((_, index) => index).filter((index) => (labels.length - 1 - index) % every === 0) },
      { ...counted, size: 46, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] },
    ],
    legend: { live: false, markers: { width: 0 } },
    cursor: { show: false },
  };
  return [options, [labels.map((_, index) => index), ...sums.reverse()]];
}

// One bar a row of the table, in its order, from left to right.
function shares(labels: string[], series: Series[], width: number): [uPlot.Options, uPlot.AlignedData] {
  const { named, counted } = axes(labels);
  const one = series[0] ?? { label: "", colour: "", values: [] };
  const options: uPlot.Options = {
    width,
    height: labels.length * 26 + 44,
    scales: { x: { time: false, ori: 1, dir: -1, range: [-0.6, labels.length - 0.4] }, y: { ori: 0, dir: 1, range: [0, 1] } },
    series: [
      {},
      {
        label: one.label,
        fill: one.colour,
        width: 0,
        points: { show: false },
        paths: uPlot.paths.bars!({ size: [BAR, 20] }),
      },
    ],
    axes: [
      { ...named, side: 3, size: 96 },
      { ...counted, side: 2, size: 32, values: (_, splits) => splits.map((split) => `${Math.round(split * 100)}%`) },
    ],
    legend: { show: false },
    cursor: { show: false },
  };
  return [options, [labels.map((_, index) => index), one.values]];
}

const KINDS = { days, shares };

function draw(figure: HTMLElement): void {
  const table = document.getElementById(figure.dataset["of"] ?? "");
  const kind = KINDS[figure.dataset["chart"] as keyof typeof KINDS];
  if (!(table instanceof HTMLTableElement) || kind === undefined) return;
  const { labels, series } = read(table);
  figure.hidden = false;
  figure.setAttribute("role", "img");
  figure.setAttribute("aria-label", `${series.map((one) => one.label).join("、")}; 数字见下表`);
  let shown: uPlot | undefined;
  let drawn = 0;
  new ResizeObserver(() => {
    const style = getComputedStyle(figure);
    const width = Math.floor(figure.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight));
    if (width === drawn || width < 1) return;
    drawn = width;
    shown?.destroy();
    shown = new uPlot(...kind(labels, series, width), figure);
  }).observe(figure);
}

for (const figure of document.querySelectorAll<HTMLElement>("[data-chart]")) draw(figure);
