import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ATTACKS } from '../../bench/attacks/attacks.ts';
import { send } from '../../bench/attacks/send.ts';
import { SDL, writeProject } from '../../bench/attacks/world.ts';
import { httpWorld } from './http-world.ts';
import { post } from './serving.ts';

const thing = { __typename: 'Item', id: '1', name: 'a' };
const resolvers = {
  Query: { item: () => thing, items: () => [thing], node: () => thing, any: () => thing, wide: () => ({}) },
  Mutation: { save: () => thing },
};

/** Characters of an answer to a single operation that did not ask for the schema. */
const LONGEST_ANSWER = 60_000;
/** An answer to all that tools ask of the schema, or to ten operations. */
const LONGEST_OF_MANY = 300_000;
/** Errors of one operation: a hundred mistakes, and that there are more. */
const MOST_ERRORS = 101;
const MOST_SUGGESTIONS = 5;

/** What a text has of something, for each operation that was asked for. */
function most(body: string, pattern: RegExp, operations: number): number {
  return (body.match(pattern)?.length ?? 0) / operations;
}

test('every attack is answered in few words, and the gateway goes on', { timeout: 300_000 }, async () => {
  const project = writeProject('http://127.0.0.1:1');
  onTestFinished(() => rmSync(project, { recursive: true }));
  const { server } = await httpWorld(
    { items: { typeDefs: SDL, resolvers } },
    { bffDir: join(project, 'bff'), config: { batching: { enabled: true, mode: 'batch_http_link' } }, timeout: '60s' },
  );
  const { origin } = new URL(server.url);
  const outcomes: Record<string, string> = {};
  for (const attack of ATTACKS) {
    const { status, body } = await send(origin, attack);
    const operations = attack.name.includes('batch of') ? 10 : 1;
    const problems = [
      ...(status === 0 || status >= 500 ? [`status ${status}`] : []),
      ...(body.length > (/introspection|batch/.test(attack.name) ? LONGEST_OF_MANY : LONGEST_ANSWER) ? ['long'] : []),
      ...(most(body, /"message":/g, operations) > MOST_ERRORS ? ['errors'] : []),
      ...(most(body, /Did you mean/g, operations) > MOST_SUGGESTIONS ? ['suggestions'] : []),
    ];
    if (problems.length > 0) outcomes[attack.name] = problems.join(', ');
  }
  expect(outcomes).toEqual({});
  const answer = await post(`${origin}/graphql`, { query: '{ item { id name } }' });
  expect(await answer.json()).toEqual({ data: { item: { id: '1', name: 'a' } } });
});
