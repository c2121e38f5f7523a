import { describe, expect, it } from 'vitest';
import { rewarmPlans, warmUpEngine } from '../../src/gateway/warm-up.ts';
import type { Engine } from '../../src/pipeline/engine.ts';
import { createEngine } from '../../src/pipeline/pipeline.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { composeSupergraph } from '../worlds/compose.ts';

const engineOf = (fields: string) => createEngine({ supergraph: readSupergraph(sdlWith(fields)), sources: new Map() });
const sdlWith = (fields: string) =>
  composeSupergraph(new Map([['users', `type Query { me: User } type User { ${fields} }`]]));
const client = { requestId: 'r', headers: {} };

describe('planning ahead', () => {
  it('plans under a new schema what was asked under the old one, without asking a subgraph', async () => {
    const before = engineOf('name: String age: Int');
    for (const query of ['{ me { age } }', '{ me { nope } }', '{ me { name } }'])
      await before.execute({ query, client });
    expect(before.recentQueries?.(10)).toEqual(['{ me { name } }', '{ me { age } }']);
    const after = engineOf('name: String');
    await rewarmPlans(before.recentQueries?.(10) ?? [], after, () => after);
    // `age` is gone: the request for it will say so
    expect(after.recentQueries?.(10)).toEqual(['{ me { name } }']);
  });

  it('keeps nothing of what it made up itself', async () => {
    const engine = engineOf('name: String friend: User');
    await warmUpEngine(engine, () => engine);
    expect(engine.recentQueries?.(10)).toEqual([]);
  });

  it('ends when another schema is current', async () => {
    const asked: string[] = [];
    let current: Engine | undefined;
    const engine = {
      ...engineOf('name: String'),
      prepare(query: string) {
        asked.push(query);
        current = undefined;
      },
    };
    current = engine;
    await rewarmPlans(['{ me { name } }', '{ me { age } }'], engine, () => current);
    expect(asked).toEqual(['{ me { name } }']);
  });
});
