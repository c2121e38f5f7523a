import { post } from '../measure.ts';
import type { Subject } from './run.ts';

const QUERY = 'query ($n: Int!) { items(n: $n) { id name price owner { id name } tags } }';
const ERRORS_QUERY = 'query ($n: Int!) { items(n: $n) { id inStock } }';
const SIZES = [10, 100, 1_000, 10_000, 100_000];
/** As many objects are asked for in all, by requests of each size. */
const OBJECTS = 300_000;

/** A table: CPU by the size of the answer, one request after the other. */
export async function measureSizes(subject: Subject, most: number): Promise<string> {
  const lines: string[] = [];
  for (const { n, bytes, cpuMs } of await measureEach(subject, QUERY, most)) {
    const kilobytes = bytes / 1024;
    const each = ((cpuMs * 1_000) / kilobytes).toFixed(0);
    lines.push(`| ${n} | ${Math.round(kilobytes)} KB | ${cpuMs.toFixed(2)} ms | ${each} µs |`);
  }
  return ['| objects | answer | CPU a request | CPU a KB |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

/** A table: CPU by the number of entities that could not be had, each with an error of its own. */
export async function measureErrors(subject: Subject, most: number): Promise<string> {
  const lines: string[] = [];
  for (const { n, cpuMs } of await measureEach(subject, ERRORS_QUERY, most / 10)) {
    lines.push(`| ${n} | ${cpuMs.toFixed(2)} ms | ${((cpuMs * 1_000) / n).toFixed(0)} µs |`);
  }
  return ['| errors | CPU a request | CPU an error |', '| --- | --- | --- |', ...lines].join('\n');
}

interface Measured {
  readonly n: number;
  readonly bytes: number;
  readonly cpuMs: number;
}

async function measureEach({ url, running }: Subject, query: string, most: number): Promise<Measured[]> {
  const ask = (n: number) => post(url, { query, variables: { n } });
  const measured: Measured[] = [];
  for (let i = 0; i < 300; i++) await ask(100);
  for (const n of SIZES.filter((size) => size <= most)) {
    const times = Math.max(8, Math.min(1_500, Math.floor(Math.min(OBJECTS, most * 4) / n)));
    for (let i = 0; i < Math.max(2, times / 10); i++) await ask(n);
    const before = running.cpuMs();
    let bytes = 0;
    for (let i = 0; i < times; i++) bytes = (await ask(n)).text.length;
    measured.push({ n, bytes, cpuMs: (running.cpuMs() - before) / times });
  }
  return measured;
}
