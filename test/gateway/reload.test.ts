import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createSupergraphProvider, type SupergraphUpdate } from '../../src/composition/supergraph-provider.ts';
import { reloader } from '../../src/gateway/reload.ts';
import { folderWith } from '../composition/folder.ts';
import { recordingLogger } from './serving.ts';

const SCHEMA = 'extend schema @subgraph(url: "http://127.0.0.1:1/graphql")\ntype Query { hello: String }';

it('schemas are loaded again on request, and reported only if they differ', async () => {
  const dir = await folderWith({ 'hello.graphql': SCHEMA });
  const provider = createSupergraphProvider({ schemasDir: dir });
  await provider.load();
  const updates: SupergraphUpdate[] = [];
  const watching = await provider.watch({ update: (update) => void updates.push(update), problems() {} });
  watching.reload?.();
  await writeFile(join(dir, 'hello.graphql'), SCHEMA.replace('hello', 'greeting'));
  watching.reload?.();
  await expect.poll(() => updates.length).toBe(1);
  expect(updates[0]?.sdl).toContain('greeting');
  await watching.close();
});

it('a part that cannot be reloaded does not keep the others from it, and a second call is another round', async () => {
  const { logger, lines } = recordingLogger();
  let rounds = 0;
  const broken = () => {
    throw new Error('broken');
  };
  const reload = reloader({ reloads: [broken, async () => void rounds++], logger });
  await Promise.all([reload(), reload()]);
  expect(rounds).toBe(2);
  expect(lines.filter(({ level }) => level === 'error')).toHaveLength(2);
});
