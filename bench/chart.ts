import type { Row } from './row.ts';

const PANELS = ['main', 'varied', 'tiny'] as const;
const LABEL_WIDTH = 240;
const BAR_WIDTH = 420;
const WIDTH = LABEL_WIDTH + BAR_WIDTH + 160;
const BAR_HEIGHT = 20;
const STEP = 28;
const TITLE_HEIGHT = 40;

/** Bars of CPU time per request, a panel for each scenario, as SVG that reads well on light and dark pages. */
export function drawChart(rows: readonly Row[]): string {
  const panelHeight = TITLE_HEIGHT + rows.length * STEP + 12;
  const panels = PANELS.map((panel, index) => drawPanel(rows, panel, index * panelHeight));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${PANELS.length * panelHeight}" role="img" font-family="sans-serif" font-size="13">`,
    '<title>CPU time of one request in the gateway, by scenario; shorter is better</title>',
    '<style>text{fill:#333}.ours{fill:#2f7d5b}.floor{fill:#999}.other{fill:#7fa7c9}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>',
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

function drawPanel(rows: readonly Row[], panel: (typeof PANELS)[number], top: number): string {
  const longest = Math.max(...rows.map(({ loads }) => loads[panel].cpuMs));
  const floor = rows.find(({ gateway }) => gateway.name === 'floor')?.loads[panel].cpuMs;
  const bars = rows.map(({ gateway, loads }, index) => {
    const { cpuMs } = loads[panel];
    const y = top + TITLE_HEIGHT + index * STEP;
    const width = Math.max(1, (cpuMs / longest) * BAR_WIDTH).toFixed(1);
    const kind = gateway.name === 'headgate' ? 'ours' : gateway.name === 'floor' ? 'floor' : 'other';
    const ratio = floor === undefined || gateway.name === 'floor' ? '' : ` (${(cpuMs / floor).toFixed(1)} ×)`;
    return [
      `<text x="${LABEL_WIDTH - 10}" y="${y + 15}" text-anchor="end">${escapeXml(gateway.title)}</text>`,
      `<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>`,
      `<text x="${LABEL_WIDTH + Number(width) + 8}" y="${y + 15}">${printMs(cpuMs)}${ratio}</text>`,
    ].join('');
  });
  return [`<text x="0" y="${top + 24}" font-weight="bold">${panel}: CPU per request</text>`, ...bars].join('\n');
}

export function printMs(milliseconds: number): string {
  return `${milliseconds.toPrecision(milliseconds < 1 ? 2 : 3)} ms`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
