/**
 * Measures planning over generated supergraphs of 4, 40 and 400 subgraphs: `npm run bench:planning [-- --write]`.
 * `--write` puts the table into docs/planner-quality.md.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { parse } from 'graphql';
import { createEngine } from '../../src/engine/create-engine.ts';
import { normalise } from '../../src/operation/normalise.ts';
import { Abilities } from '../../src/planner/abilities.ts';
import { planOperation } from '../../src/planner/planner.ts';
import { readSupergraph, type Supergraph } from '../../src/supergraph/supergraph.ts';
import { cannedSource } from './canned-source.ts';
import { writeSection } from './document.ts';
import { grownSupergraph, smallQuery, wideQuery } from './grown-supergraph.ts';
import { operationOf } from './ours.ts';

const SIZES = [4, 40, 400];
/** Subgraphs that the wide query touches, where there are so many. */
const WIDTH = 40;
const MEASURED = 300;
const WARM_UP = 200;

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const lines = ['| subgraphs | query | requests | plan | whole request, cold |', '| --: | --- | --: | --: | --: |'];
for (const size of SIZES) {
  const supergraph = readSupergraph(grownSupergraph(size));
  const width = Math.min(size, WIDTH);
  lines.push(await measure(supergraph, 'touches 4', smallQuery));
  if (width > 4) lines.push(await measure(supergraph, `touches ${width}`, (alias) => wideQuery(alias, width)));
}
const table = `${lines.join('\n')}\n`;
console.log(table);
if (values.write) writeSection('growth', `${table}\nNode ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}.\n`);

async function measure(supergraph: Supergraph, title: string, queryFor: (alias: string) => string): Promise<string> {
  const { requests, milliseconds } = measurePlanning(supergraph, queryFor);
  const whole = await measureRequests(supergraph, queryFor);
  const cells = [supergraph.subgraphs.length, title, requests, print(milliseconds), print(whole)];
  return `| ${cells.join(' | ')} |`;
}

/** The median of normalising and planning documents that were never planned before. */
function measurePlanning(supergraph: Supergraph, queryFor: (alias: string) => string) {
  const abilities = new Abilities(supergraph);
  const times: number[] = [];
  let requests = 0;
  for (let index = 0; index < WARM_UP + MEASURED; index++) {
    const document = parse(queryFor(`p${index}`));
    const start = performance.now();
    const plan = planOperation(normalise(document, operationOf(document), supergraph, {}), abilities);
    if (index >= WARM_UP) times.push(performance.now() - start);
    requests = plan.requests.length;
  }
  return { requests, milliseconds: median(times) };
}

/** The median of answering documents never seen before, from text to text, without the time spent in the sources. */
async function measureRequests(supergraph: Supergraph, queryFor: (alias: string) => string): Promise<number> {
  const spent = { milliseconds: 0 };
  const sources = new Map(supergraph.subgraphs.map(({ name }) => [name, cannedSource(name, spent)]));
  const engine = createEngine({ supergraph, sources });
  const times: number[] = [];
  for (let index = 0; index < WARM_UP + MEASURED; index++) {
    const query = queryFor(`r${index}`);
    spent.milliseconds = 0;
    const start = performance.now();
    const { dataText, errors } = await engine.execute({ query, client: { requestId: `${index}`, headers: {} } });
    const time = performance.now() - start - spent.milliseconds;
    if (dataText === undefined || errors.length > 0) throw new Error(`no answer: ${JSON.stringify(errors)}`);
    if (index >= WARM_UP) times.push(time);
  }
  return median(times);
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

function print(milliseconds: number): string {
  return `${milliseconds.toFixed(2)} ms`;
}
