import { expect, test } from 'vitest';
import { workerSchema } from '../../src/cli/worker-schema.ts';
import type { SupergraphUpdate } from '../../src/composition/supergraph-provider.ts';

const update = (sdl: string): SupergraphUpdate => ({ sdl });
const problem = (message: string) => ({ file: 'a.graphql', line: 1, column: 1, code: 'INVALID_GRAPHQL', message });

/** Returns what a worker hears of changes that the primary has announced before the worker listens. */
async function heardOf(...changes: Parameters<ReturnType<typeof workerSchema>['handlers']['schemaChanged']>[0][]) {
  const { provider, handlers } = workerSchema();
  for (const change of changes) await handlers.schemaChanged(change);
  const heard: string[] = [];
  await provider.watch({
    update: async ({ sdl }) => {
      heard.push(sdl);
      return true;
    },
    problems: ([first]) => void heard.push(first?.message ?? ''),
    pathEvent: (event) => void heard.push(event),
  });
  return heard;
}

test('a worker that is starting gets the last supergraph, also where problems and events came after it', async () => {
  const ok = (sdl: string) => ({ ok: true, update: update(sdl) }) as const;
  const bad = (message: string) => ({ ok: false, problems: [problem(message)] }) as const;
  const gone = { event: 'gone', path: 'schemas' } as const;
  expect(await heardOf(ok('first'), ok('second'), bad('a mistake'), gone)).toEqual(['second', 'a mistake', 'gone']);
  expect(await heardOf(bad('a mistake'), bad('another one'))).toEqual(['another one']);
  expect(await heardOf(bad('a mistake'), ok('first'))).toEqual(['first']);
});
