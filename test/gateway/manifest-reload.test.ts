import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { openRequestPolicies } from '../../src/gateway/request-policies.ts';
import { documentHash } from '../../src/policy/persisted/manifests.ts';
import { project } from '../cli/run-cli.ts';
import { recordingLogger } from './serving.ts';

async function openDev(files: Record<string, string>, manifest: string) {
  const dir = await project(files);
  const yaml = `persisted_queries: { enabled: true, manifest: ["${join(dir, manifest)}"] }`;
  const config = join(await project({ 'headgate.yaml': yaml }), 'headgate.yaml');
  const { logger, lines } = recordingLogger();
  const { policies, close } = await openRequestPolicies(loadConfig({ env: {}, file: config }), {
    logger,
    redis: undefined,
    engine: () => undefined,
    dev: true,
  });
  onTestFinished(close);
  const find = async (id: string) => {
    try {
      return await policies.documents?.resolve({ query: undefined, id, hash: undefined });
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  return { dir, find, lines };
}

test('in dev, a manifest is read again when it changes, and kept as it was while it cannot be read', async () => {
  const { dir, find, lines } = await openDev({ 'm.json': '{"A": "{ a }"}' }, 'm.json');
  expect([await find('A'), await find('B')]).toEqual(['{ a }', 'PERSISTED_QUERY_NOT_FOUND']);
  await writeFile(join(dir, 'm.json'), '{"B": "{ b }"}');
  await expect.poll(() => find('B')).toBe('{ b }');
  expect(await find('A')).toBe('PERSISTED_QUERY_NOT_FOUND');
  await writeFile(join(dir, 'm.json'), '{"B": ');
  await expect.poll(() => lines.some(({ level }) => level === 'error')).toBe(true);
  expect(await find('B')).toBe('{ b }');
});

test('in dev, documents that are added to a folder are known', async () => {
  const { dir, find } = await openDev({ 'queries/a.graphql': '{ a }' }, 'queries');
  await writeFile(join(dir, 'queries', 'b.graphql'), '{ b }');
  await expect.poll(() => find(`sha256:${documentHash('{ b }')}`)).toBe('{ b }');
});

test('an empty safelist is reported at the start', async () => {
  const warned = async (settings: string) => {
    const config = join(await project({ 'headgate.yaml': settings }), 'headgate.yaml');
    const { logger, lines } = recordingLogger();
    const parts = { logger, redis: undefined, engine: () => undefined, dev: false };
    const { close } = await openRequestPolicies(loadConfig({ env: {}, file: config }), parts);
    onTestFinished(close);
    return lines.filter(({ level }) => level === 'warn').map(({ msg }) => msg);
  };
  expect(await warned('persisted_queries: { enabled: true, safelist: { enabled: true } }')).toEqual([
    'the safelist is empty, so /graphql refuses every operation: name files or folders with documents in persisted_queries.manifest',
  ]);
  const manifest = join(await project({ 'm.json': '{"A": "{ a }"}' }), 'm.json');
  const listed = `{ enabled: true, manifest: ["${manifest}"], safelist: { enabled: true } }`;
  expect(await warned(`persisted_queries: ${listed}`)).toEqual([]);
});
