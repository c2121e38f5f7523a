/**
 * Measures how what Headgate costs grows: with connections, with the size of answers, near its limit, and over many
 * documents: `npm run bench:endurance -- [options]`. It needs Linux.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ALONE_CONFIG, chooseGateways, type GatewaySetup, headgate, ROOT } from '../gateways.ts';
import { waitUntilReady } from '../measure.ts';
import { freePort, pinLoad, type Running, startNode, startStub } from '../processes.ts';
import { supergraphFor } from '../scenarios.ts';
import { machine, writeSection } from '../section.ts';
import { measureConnections } from './connections.ts';
import { measureDocuments } from './documents.ts';
import { measureNearLimit, NEAR_LIMIT_HEAD } from './near-limit.ts';
import { measureErrors, measureSizes } from './sizes.ts';

/** Headgate as it runs, and how long each thing is measured. */
export interface Subject {
  readonly url: string;
  readonly running: Running;
  readonly seconds: number;
}

const USAGE = `npm run bench:endurance -- [options]
  --seconds N       for each step (default 5)
  --documents N     distinct documents that are sent (default 20000; 100000 take a minute or two more)
  --most N          objects in the largest answer (default 100000)
  --out FILE        the page to write (default docs/performance.md)
  --from-sources    runs Headgate from src/ instead of dist/`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '5' },
      documents: { type: 'string', default: '20000' },
      most: { type: 'string', default: '100000' },
      out: { type: 'string', default: 'docs/performance.md' },
      'from-sources': { type: 'boolean', default: false },
    },
  });
  const [seconds, documents, most] = [values.seconds, values.documents, values.most].map(Number) as number[];
  if (!(Number(seconds) > 0 && Number(documents) > 0 && Number(most) > 0))
    throw new TypeError('expected numbers above 0');
  return { ...values, seconds: Number(seconds), documents: Number(documents), most: Number(most) };
}

/** Runs Headgate with these arguments of `start` while it is measured. */
function during<T>(options: Options, args: readonly string[], measure: (subject: Subject) => Promise<T>): Promise<T> {
  const command = (port: number) => ({
    args: [...headgate(options['from-sources']), 'start', '--host', '127.0.0.1', '--port', `${port}`, ...args],
  });
  return whileRunning(command, '/graphql', options, measure);
}

async function whileRunning<T>(
  command: (port: number) => ReturnType<GatewaySetup['command']>,
  path: string,
  options: Options,
  measure: (subject: Subject) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const { args, env } = command(port);
  const running = startNode(args, 'gateway', env);
  try {
    const url = `http://127.0.0.1:${port}${path}`;
    await waitUntilReady(url, running, performance.now());
    return await measure({ url, running, seconds: options.seconds });
  } finally {
    await running.stop();
  }
}

/** A table: latency near the limit, of Headgate and, for what of it is the machine's and the load's, of the floor. */
async function measureNearLimits(options: Options, supergraph: string, subgraphs: string): Promise<string> {
  const rows: string[] = [];
  for (const { command, path, name } of chooseGateways(['headgate', 'floor'])) {
    const place = { supergraph, subgraphs, fromSources: options['from-sources'] };
    rows.push(
      await whileRunning(
        (port) => command({ ...place, port }, 'alone'),
        path,
        options,
        (subject) => measureNearLimit(subject, name),
      ),
    );
  }
  return [NEAR_LIMIT_HEAD, ...rows].join('\n');
}

type Options = ReturnType<typeof readOptions>;

async function measureBenchmark(options: Options, dir: string): Promise<string[]> {
  const stub = await startStub(join(ROOT, 'bench/stub/start.ts'));
  try {
    const supergraph = join(dir, 'supergraph.graphql');
    writeFileSync(supergraph, supergraphFor(stub.port));
    const alone = ['--supergraph', supergraph, '--config', ALONE_CONFIG];
    return [
      await during(options, alone, measureConnections),
      await measureNearLimits(options, supergraph, `http://127.0.0.1:${stub.port}`),
      await during(options, ['--supergraph', supergraph], (subject) => measureDocuments(subject, options.documents)),
    ];
  } finally {
    await stub.running.stop();
  }
}

async function measureLists(options: Options, dir: string): Promise<string> {
  const stub = await startStub(join(ROOT, 'bench/stub/lists.ts'));
  try {
    const schemas = join(dir, 'schemas');
    mkdirSync(schemas);
    const link =
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"]) @subgraph(url: "http://127.0.0.1';
    writeFileSync(
      join(schemas, 'lists.graphql'),
      `${link}:${stub.port}/graphql")
       type Query { items(n: Int!): [Item!]! }
       type Item @key(fields: "id") { id: ID! name: String price: Float owner: Owner tags: [String!]! }
       type Owner { id: ID! name: String }`,
    );
    writeFileSync(
      join(schemas, 'gone.graphql'),
      `${link}:${stub.port}/gone")
       type Item @key(fields: "id") { id: ID! inStock: Boolean }`,
    );
    const args = ['--schemas', schemas, '--config', ALONE_CONFIG];
    return await during(options, args, async (subject) => {
      const sizes = await measureSizes(subject, options.most);
      return `${sizes}\n\n${await measureErrors(subject, options.most)}`;
    });
  } finally {
    await stub.running.stop();
  }
}

async function run(options: Options): Promise<void> {
  const pinned = pinLoad();
  const dir = mkdtempSync(join(tmpdir(), 'headgate-endurance-'));
  try {
    const texts = [await measureLists(options, dir), ...(await measureBenchmark(options, dir))];
    const text = [`${machine(pinned)}.`, ...texts].join('\n\n');
    writeSection(options.out, 'endurance', text);
    console.log(`${text}\n\nwritten to ${options.out}`);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

try {
  await run(readOptions());
} catch (error) {
  console.error(error instanceof TypeError ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = 1;
}
