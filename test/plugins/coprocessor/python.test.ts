import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PROGRAMS } from '../../programs.ts';
import { startWorld } from '../world.ts';

const PROGRAM = join(import.meta.dirname, '../../../examples/coprocessor/coprocessor.py');

/** Starts the example at a port or a socket, and resolves with its URL. */
async function startPython(place: string): Promise<string> {
  const child = spawn('python3', [PROGRAM, place], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  return String(line).trim();
}

async function socketPath(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'headgate-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return join(dir, 'c.sock');
}

describe.skipIf(!PROGRAMS.python3)('a coprocessor in Python', () => {
  it.each([
    ['HTTP', async () => '0'],
    ['a Unix socket', socketPath],
  ])('works over %s', async (_, place) => {
    const url = await startPython(await place());
    const { post, get, subgraph } = await startWorld({
      config: {
        coprocessor: {
          url,
          timeout: '30s',
          router: { request: { headers: ['x-tenant'], context: 'all' }, response: { headers: true, context: 'all' } },
          subgraph: { all: { request: { headers: true, context: 'all' }, response: { body: true } } },
        },
      },
    });
    const response = await post('{ hello secret }', { 'x-tenant': 'acme' });
    expect(await response.json()).toEqual({ data: { hello: 'hi', secret: '***' } });
    expect(response.headers.get('x-tenant')).toBe('acme');
    expect(subgraph.calls[0]?.headers['x-caller']).toBe('acme');
    const refused = await post('{ hello }');
    expect([refused.status, (await refused.json()).errors[0].extensions]).toEqual([401, { code: 'TENANT_MISSING' }]);
    expect((await get('/bff/web/hello', { 'x-tenant': 'acme' })).headers.get('x-tenant')).toBe('acme');
  });
});
