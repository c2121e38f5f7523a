import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { loadYogaPlugins } from '../../src/gateway/yoga-plugins.ts';
import { plainEngine } from '../gateway/plain-engine.ts';
import { post, serve } from '../gateway/serving.ts';

const PAGE = readFileSync(new URL('../../docs/yoga-plugins.md', import.meta.url), 'utf8');

it('the plugin of docs/yoga-plugins.md works as it stands there', async () => {
  const code = /```ts\n\/\/ plugins\/audit\.ts\n(.*?)```/s.exec(PAGE)?.[1] ?? '';
  const file = join(mkdtempSync(join(tmpdir(), 'headgate-docs-')), 'audit.ts');
  writeFileSync(file, code);
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const engine = plainEngine('type Query { hello: String }', { hello: () => 'hi' });
  const { url } = await serve({ engine: () => engine, yogaPlugins: await loadYogaPlugins([file]) });
  const response = await post(url, { query: 'query Greeting { hello }', operationName: 'Greeting' });
  expect(response.headers.get('x-served-by')).toBe('headgate');
  expect(await response.json()).toEqual({ data: { hello: 'hi' } });
  expect(log).toHaveBeenCalledWith('operation', 'Greeting');
  log.mockRestore();
});
