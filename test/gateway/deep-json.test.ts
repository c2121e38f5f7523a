import { describe, expect, it } from 'vitest';
import { bodyOf } from '../sources/fake-subgraph.ts';
import { httpWorld } from './http-world.ts';
import { post } from './serving.ts';

const shop = {
  a: {
    typeDefs: 'scalar Any input Filter { of: Any in: Filter } type Query { any(of: Any, filter: Filter): Any ok: Int }',
  },
};

/** `depth` lists, one within the other. */
const nested = (depth: number) => `${'['.repeat(depth)}0.10${']'.repeat(depth)}`;

async function gateway(answer: string) {
  const world = await httpWorld(shop);
  const received: string[] = [];
  world.behave('a', async (req, res) => {
    received.push(await bodyOf(req));
    res.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  });
  return { url: world.server.url, received };
}

describe('a scalar that is nested deeper than the stack', () => {
  it.each([4_100, 20_000, 200_000])('comes from a subgraph to the client: %d levels', async (depth) => {
    const { url } = await gateway(`{"data":{"any":${nested(depth)},"ok":1}}`);
    const response = await post(url, { query: '{ any ok }' });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(`{"data":{"any":${nested(depth)},"ok":1}}`);
  });

  it('comes with an error of a subgraph', async () => {
    const { url } = await gateway(
      `{"data":{"any":null},"errors":[{"message":"no","path":["any"],"extensions":{"x":${nested(9_000)}}}]}`,
    );
    const response = await post(url, { query: '{ any ok }' });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain(nested(9_000));
  });

  it.each([4_100, 20_000, 200_000])('is refused as a variable: %d levels', async (depth) => {
    const { url, received } = await gateway('{"data":{"any":1}}');
    const bodies = [
      `{"query":"query ($v: Any) { any(of: $v) }","variables":{"v":${nested(depth)}}}`,
      `{"query":"query ($v: Filter) { any(filter: $v) }","variables":{"v":{"of":${nested(depth)}}}}`,
    ];
    for (const body of bodies) {
      const response = await post(url, body);
      const { errors } = await response.json();
      expect(response.status).toBe(400);
      expect(errors).toEqual([
        expect.objectContaining({
          message: expect.stringContaining('levels of lists and objects'),
          extensions: expect.objectContaining({ code: 'MAX_VARIABLES_DEPTH_LIMIT' }),
        }),
      ]);
    }
    expect(received).toEqual([]);
  });
});
