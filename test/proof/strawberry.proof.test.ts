import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openEvents } from '../gateway/event-reader.ts';
import { PROGRAMS } from '../programs.ts';
import { gatewayOver, stubSubgraph } from '../sources/stitched/gateway.ts';
import { run } from './support.ts';

/** What PyPI has; kept for the next run. */
const PACKAGES = ['strawberry-graphql==0.341.2', 'uvicorn==0.54.0', 'websockets==17.4', 'starlette==1.10.0'];

const SDL = `
  type Query { hello: String! }
  type Subscription { ticks(to: Int!): Tick! silence: Int! failure: Int! }
  type Tick { number: Int! product: Product! }
  type Product @key(fields: "id", resolvable: false) { id: ID! }
`;

async function python(): Promise<string> {
  const dir = join(tmpdir(), `headgate-proof-${PACKAGES.join('+').replaceAll(/[^\w.+-]/g, '_')}`);
  const program = join(dir, 'bin/python');
  if (existsSync(join(dir, 'installed'))) return program;
  mkdirSync(dir, { recursive: true });
  await run('python3', ['-m', 'venv', dir], dir);
  await run(program, ['-m', 'pip', 'install', '--quiet', 'python-multipart', ...PACKAGES], dir);
  writeFileSync(join(dir, 'installed'), '');
  return program;
}

/** Starts the subgraph. Its lines after the first one say which subscriptions have ended. */
async function startStrawberry() {
  const child = spawn(await python(), [join(import.meta.dirname, 'ticks.py')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  await expect.poll(() => lines.length, { timeout: 60_000 }).toBe(1);
  return { url: lines[0] ?? '', lines };
}

async function strawberryGateway(protocol: string) {
  const { url, lines } = await startStrawberry();
  const products = await stubSubgraph(
    `type Query { products: Int }
     type Product @key(fields: "id") { id: ID! name: String }`,
    { entities: { Product: ({ id }: { id: string }) => ({ id, name: `product ${id}` }) } },
  );
  const link = '@link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';
  const gateway = await gatewayOver(
    { ticks: `extend schema @subgraph(url: "${url}") ${link}\n${SDL}`, products: products.file },
    { subscription: { mode: { passthrough: { subgraphs: { ticks: { protocol } } } } } },
  );
  return { gateway, lines };
}

describe.skipIf(!PROGRAMS.python3)('Strawberry', () => {
  describe.each(['graphql_ws', 'subscriptions_transport_ws', 'sse', 'multipart'])('over %s', (protocol) => {
    test('sends events, which are completed from other subgraphs, and the end', async () => {
      const { gateway } = await strawberryGateway(protocol);
      const { reader } = await openEvents(gateway.url, 'subscription { ticks(to: 3) { number product { name } } }');
      for (const number of [1, 2, 3])
        expect(await reader.until('\n\n')).toContain(`{"number":${number},"product":{"name":"product ${number}"}}`);
      expect(await reader.until('\n\n')).toContain('event: complete');
    });

    test('ends a silent subscription after its client has left', async () => {
      const { gateway, lines } = await strawberryGateway(protocol);
      const { reader, close } = await openEvents(gateway.url, 'subscription { silence }');
      expect(await reader.until('\n\n')).toContain('{"silence":0}');
      close();
      await expect.poll(() => lines, { timeout: 30_000 }).toContain('silence ended');
    });

    test('reports an error after an event', async () => {
      const { gateway } = await strawberryGateway(protocol);
      const { reader } = await openEvents(gateway.url, 'subscription { failure }');
      expect(await reader.until('\n\n')).toContain('{"failure":1}');
      expect(await reader.until('\n\n')).toContain('"message":"the broker is gone"');
    });
  });
});
