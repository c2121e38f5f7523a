import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { drawChart, printMs } from './chart.ts';
import type { Load } from './measure.ts';
import type { BenchOptions } from './options.ts';
import type { Row } from './row.ts';
import { machine, writeSection } from './section.ts';

/** Puts table and chart into the page. Throws where the page has no place for them. */
export function writeReport(rows: readonly Row[], options: BenchOptions, pinned: boolean): void {
  const { out } = options;
  const chart = out.replace(/(\.md)?$/, '.svg');
  const image = `![CPU time per request](${basename(chart)})`;
  writeSection(out, 'bench', `${printTable(rows)}\n${image}\n\n${printRun(rows, options, pinned)}`);
  writeFileSync(chart, drawChart(rows));
}

/** CPU milliseconds per request, and how many times the floor's of the same run. */
export function printTable(rows: readonly Row[]): string {
  const floor = rows.find(({ gateway }) => gateway.name === 'floor');
  const cell = (load: Load | undefined, atFloor: Load | undefined): string => {
    if (!load) return '';
    const ratio = atFloor && load !== atFloor ? ` = ${(load.cpuMs / atFloor.cpuMs).toFixed(2)} ×` : '';
    const failures = load.failures > 0 ? ` (${load.failures} failed)` : '';
    return `${printMs(load.cpuMs)}${ratio} · ${Math.round(load.requestsPerSecond)}/s${failures}`;
  };
  const lines = rows.map((row) => {
    const { gateway, loads, shared, coldMs, peakMb, readyMs, subgraphRequests } = row;
    const cells = [
      gateway.title,
      cell(loads.main, floor?.loads.main),
      cell(loads.varied, floor?.loads.varied),
      cell(loads.tiny, floor?.loads.tiny),
      shared ? `${cell(shared, floor?.shared)} (${gateway.sharing})` : '',
      coldMs === undefined ? '' : printMs(coldMs),
      `${Math.round(peakMb)} MB`,
      `${Math.round(readyMs)} ms`,
      subgraphRequests,
    ];
    return `| ${cells.join(' | ')} |\n`;
  });
  return [
    '| | main | varied | tiny | main, shared | cold document | peak RSS in main | ready | subgraph requests in main |\n',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n',
    ...lines,
  ].join('');
}

function printRun(rows: readonly Row[], options: BenchOptions, pinned: boolean): string {
  const latency = rows.map(({ gateway, loads }) => `${gateway.title} ${loads.main.p50} and ${loads.main.p99} ms`);
  const { seconds, warmUpSeconds, connections } = options;
  return [
    `${machine(pinned)};`,
    `${connections} connections, ${seconds} s a scenario after ${warmUpSeconds} s of warm-up.`,
    `Median and 99th percentile of latency in main: ${latency.join('; ')}.\n`,
  ].join('\n');
}
