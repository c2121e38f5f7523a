import { post } from '../measure.ts';
import type { Subject } from './run.ts';

const QUERY = 'query ($n: Int!) { items(n: $n) { id name price owner { id name } tags } }';
const SIZES = [10, 100, 1_000, 10_000, 100_000];
/** As many objects are asked for in all, by requests of each size. */
const OBJECTS = 300_000;

/** A table: CPU by the size of the answer, one request after the other. */
export async function measureSizes({ url, running }: Subject, most: number): Promise<string> {
  const ask = (n: number) => post(url, { query: QUERY, variables: { n } });
  const lines: string[] = [];
  for (let i = 0; i < 300; i++) await ask(100);
  for (const n of SIZES.filter((size) => size <= most)) {
    const times = Math.max(8, Math.min(1_500, Math.floor(Math.min(OBJECTS, most * 4) / n)));
    for (let i = 0; i < Math.max(2, times / 10); i++) await ask(n);
    const before = running.cpuMs();
    let bytes = 0;
    for (let i = 0; i < times; i++) bytes = (await ask(n)).text.length;
    const cpuMs = (running.cpuMs() - before) / times;
    const kilobytes = bytes / 1024;
    lines.push(
      `| ${n} | ${Math.round(kilobytes)} KB | ${cpuMs.toFixed(2)} ms | ${((cpuMs * 1_000) / kilobytes).toFixed(0)} µs |`,
    );
  }
  return ['| objects | answer | CPU a request | CPU a KB |', '| --- | --- | --- | --- |', ...lines].join('\n');
}
