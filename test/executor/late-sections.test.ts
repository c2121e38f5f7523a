import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { compilePlan } from '../../src/executor/compile.ts';
import { executePlan } from '../../src/executor/execute-plan.ts';
import { type DeferGroups, deferGroups } from '../../src/operation/defer-groups.ts';
import type { Source } from '../../src/sources/source.ts';
import { planner } from '../planner/plan.ts';

const subgraphs = {
  a: 'type Query { thing: Thing } type Thing @key(fields: "id") { id: ID! }',
  b: 'type Thing @key(fields: "id") { id: ID! name: String }',
  c: 'type Thing @key(fields: "id") { id: ID! slow: String }',
};

test('nothing is asked for a section any more once the rest is there and its time is up', async () => {
  const { stages, supergraph } = planner(subgraphs);
  const { plan } = stages('{ thing { name slow } }', {}, ['thing.slow']);
  const log: string[] = [];
  const source = (name: string, text: string, afterMs?: number): [string, Source] => [
    name,
    {
      name,
      send(_request, done) {
        log.push(`${name} asked`);
        const answer = { kind: 'text', text, status: 200 } as const;
        if (afterMs === undefined) done(answer);
        else setTimeout(done, afterMs, answer);
      },
      close: () => Promise.resolve(),
    },
  ];
  const sources = new Map([
    source('a', '{"data":{"thing":{"id":"1"}}}', 40),
    source('b', '{"data":{"_entities":[{"name":"Lamp"}]}}'),
    source('c', '{"data":{"_entities":[{"slow":"x"}]}}', 10),
  ]);
  const sections: DeferGroups = {
    ...(deferGroups([{ path: ['thing', 'slow'], timeoutMs: 5 }]) as DeferGroups),
    onDone: (section) => void log.push(`section ${section} done`),
  };
  const { dataText, errors } = await executePlan(compilePlan(plan, supergraph), {
    supergraph,
    sources,
    client: { requestId: 'test', headers: {} },
    variables: {},
    introspected: new Map(),
    deferGroups: sections,
  });
  await sleep(30);
  expect(dataText).toBe('{"thing":{"name":"Lamp","slow":null}}');
  expect(errors).toMatchObject([{ path: ['thing', 'slow'], extensions: { code: 'SECTION_TIMEOUT' } }]);
  expect(log).toEqual(['a asked', 'b asked']);
});
