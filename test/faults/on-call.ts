import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import { builtCli } from '../cli/built-cli.ts';
import { project, startCli } from '../cli/run-cli.ts';
import { type Block, readBlocks } from '../readme/blocks.ts';
import { bodyOf, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { responseText } from '../sources/response-text.ts';
import { createWorld } from '../worlds/world.ts';

export const RUNBOOK = join(import.meta.dirname, '../../docs/runbook.md');
const SECRETS = {
  DEBUG_SECRET: 'a secret of thirty-two characters',
  ADMIN_TOKEN: 'a-token-for-operators',
  ADMIN_LISTEN: '127.0.0.1:0',
};
const PATIENCE = { timeout: 120_000, interval: 50 };

/** The runbook's blocks, and those that the exercise has run. */
const markdown = readFileSync(RUNBOOK, 'utf8');
const blocks = readBlocks('docs/runbook.md', markdown);
const ran = new Set<Block>();

/** Where the commands are that no fault has needed. */
export const commandsLeft = () =>
  blocks
    .filter((block) => block.language === 'sh' && !block.words.includes('setup') && !ran.has(block))
    .map(({ at }) => at);

/** The text of the block with this word after its fence. */
const blockWith = (word: string) => blocks.find(({ words }) => words.includes(word))?.text ?? '';

/** The commands of a section, in their order. */
function commandsOf(heading: string): Block[] {
  const lines = markdown.split('\n');
  const first = lines.findIndex((line) => line.replace(/^#+ /, '') === heading && line.startsWith('#')) + 1;
  if (first === 0) throw new Error(`The runbook has no section "${heading}".`);
  const length = lines.slice(first).findIndex((line) => /^##+ /.test(line));
  const last = length < 0 ? lines.length : first + length;
  const lineOf = ({ at }: Block) => Number(at.split(':').at(-1));
  return blocks.filter((block) => block.language === 'sh' && lineOf(block) > first && lineOf(block) <= last);
}

/** The data that the subgraphs serve, and what a fault changes of them. */
export interface Shop {
  name: string;
  summary: () => unknown;
  stock: (id: string) => unknown;
}

const TYPES = {
  products: `type Query { products: [Product] export: String }
    type Product @key(fields: "id") { id: ID! name: String }`,
  reviews:
    'type Product @key(fields: "id") { id: ID! summary: String margin: Float @requiresScopes(scopes: [["read:margin"]]) }',
  stock: 'type Product @key(fields: "id") { id: ID! inStock: Int }',
};
const ENDPOINTS = {
  'bff/web/names.graphql': 'query @endpoint(path: "/names", cache: {maxAge: "1h"}) { products { name } }',
  'bff/web/front.graphql': `query @endpoint(path: "/front") {
    products { id name }
    reviews: products @optional(timeout: "200ms") { summary }
  }`,
};
/** More than the kernel buffers for a client that does not read. */
const EXPORT = 'x'.repeat(12_000_000);

type Subgraphs = Record<keyof typeof TYPES, { url: string; isBroken: boolean }>;

async function subgraphsOf(shop: Shop): Promise<Subgraphs> {
  const reference = { __resolveReference: (one: object) => one };
  const products = () => ['p1', 'p2', 'p3'].map((id) => ({ id, name: `${shop.name} ${id}` }));
  const resolvers = {
    products: { Query: { products, export: () => EXPORT } },
    reviews: { Product: { ...reference, summary: () => shop.summary(), margin: () => 0.4 } },
    stock: { Product: { ...reference, inStock: ({ id }: { id: string }) => shop.stock(id) } },
  };
  const names = Object.keys(TYPES) as (keyof typeof TYPES)[];
  const { sources } = createWorld({
    subgraphs: Object.fromEntries(names.map((name) => [name, { typeDefs: TYPES[name], resolvers: resolvers[name] }])),
  });
  const running = {} as Subgraphs;
  for (const name of names) {
    const { url } = await fakeSubgraph(async (req, res) => {
      const body = await bodyOf(req);
      if (running[name].isBroken) return void res.writeHead(503).end();
      res.setHeader('content-type', 'application/json');
      const client = { requestId: 'r', headers: {} };
      sources.get(name)?.send({ body, operationType: 'query', client }, (answer) => res.end(responseText(answer)));
    });
    running[name] = { url, isBroken: false };
  }
  return running;
}

/** A gateway with a shop behind it, and an engineer with the runbook. */
export interface OnCall {
  readonly dir: string;
  readonly url: string;
  readonly origin: string;
  readonly shop: Shop;
  readonly subgraphs: Subgraphs;
  readonly write: (file: string, text: string) => void;
  /** A request of a client. Resolves with its status and its JSON. */
  ask(query: string, headers?: Record<string, string>): Promise<{ status: number; json: unknown }>;
  /** Runs a command of a section of the runbook, and returns what it prints. `env`: what the engineer has found before. */
  run(section: string, index?: number, env?: Readonly<Record<string, string>>): Promise<string>;
  /** Runs it until it shows the text. The log is written a moment after the response. */
  finds(
    section: string,
    index: number,
    shown: string | RegExp,
    env?: Readonly<Record<string, string>>,
  ): Promise<string>;
}

/** Starts a gateway with the settings that the runbook asks for, and `config`. */
export async function onCall(config = '', files: Readonly<Record<string, string>> = {}): Promise<OnCall> {
  const shop: Shop = { name: 'lamp', summary: () => 'good', stock: () => 7 };
  const subgraphs = await subgraphsOf(shop);
  const schemas = Object.entries(TYPES).map(([name, types]) => [
    `schemas/${name}.graphql`,
    `extend schema @subgraph(url: "${subgraphs[name as keyof Subgraphs].url}")\n${types}`,
  ]);
  const dir = await project({
    ...Object.fromEntries(schemas),
    ...ENDPOINTS,
    ...files,
    'headgate.yaml': `${blockWith('config')}\n${config}`,
    'headgate.log': '',
  });
  const gateway = startCli(dir, ['start', '--port', '0'], '', [], SECRETS);
  await vi.waitFor(() => expect(gateway.output.stdout, gateway.output.stderr).toContain('admin API at'), PATIENCE);
  const read = (pattern: RegExp) => pattern.exec(gateway.output.stdout)?.[1] ?? '';
  const url = read(/^Headgate listening on (\S+)$/m);
  const origin = new URL(url).origin;
  const adminOrigin = new URL(read(/^Headgate admin API at (\S+)$/m)).origin;
  const setup = blockWith('setup')
    .replace('http://127.0.0.1:4000', origin)
    .replace('http://127.0.0.1:9090', adminOrigin);
  expect(setup).toContain(adminOrigin);

  let logged = 0;
  async function run(section: string, index = 0, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const block = commandsOf(section)[index];
    if (block === undefined) throw new Error(`"${section}" has no command ${index}.`);
    ran.add(block);
    const { stdout } = gateway.output;
    appendFileSync(join(dir, 'headgate.log'), stdout.slice(logged));
    logged = stdout.length;
    return runBash(dir, `${setup}\n${block.text}`, env);
  }

  return {
    ...{ dir, url, origin, shop, subgraphs, run },
    write: (file, text) => writeFileSync(join(dir, file), text),
    async ask(query, headers = {}) {
      const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
      const response = await fetch(url, { ...init, body: JSON.stringify({ query }) });
      return { status: response.status, json: await response.json() };
    },
    finds: (section, index, shown, env) =>
      vi.waitFor(async () => {
        const printed = await run(section, index, env);
        if (typeof shown === 'string') expect(printed).toContain(shown);
        else expect(printed).toMatch(shown);
        return printed;
      }, PATIENCE),
  };
}

/** Runs commands to their end. Returns what they print on both streams. */
function runBash(cwd: string, commands: string, env: Readonly<Record<string, string>>): Promise<string> {
  const headgate = `headgate() { "${process.execPath}" "${builtCli()}" "$@"; }\n`;
  const child = spawn('bash', ['-c', headgate + commands], {
    cwd,
    env: { ...process.env, ...SECRETS, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(printed));
  });
}
