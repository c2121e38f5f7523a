import { describe, expect, it } from 'vitest';
import { type Shop, shop } from './shop.ts';

const measured = (names: object = {}) => ({
  telemetry: {
    exporters: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } },
    metrics: { operation_names: names },
  },
});

const counts = async (world: Shop, name: string) => {
  const text = await (await fetch(world.metricsUrl ?? '')).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`headgate_response_cache_${name}{`));
  return lines.map((line) => line.slice(line.indexOf('{')));
};

const get = (world: Shop, query: string) => fetch(`${world.url}?query=${encodeURIComponent(query)}`);

describe('metrics of the response cache', () => {
  it('count values by subgraph and type, and by operation', async () => {
    const world = await shop({}, measured());
    await world.ask('query List { products { name } }');
    await world.ask('query Stars { products { name } product(id: "1") { stars } }');
    await world.ask('{ product(id: "1") { stars } }');
    expect(await counts(world, 'values_total')).toEqual([
      '{subgraph="products",type="Query",outcome="miss"} 2',
      '{subgraph="products",type="Query",outcome="partial"} 1',
      '{subgraph="reviews",type="Product",outcome="miss"} 1',
      '{subgraph="products",type="Query",outcome="hit"} 1',
      '{subgraph="reviews",type="Product",outcome="hit"} 1',
    ]);
    expect(await counts(world, 'operation_values_total')).toEqual([
      '{operation="List",outcome="miss"} 1',
      '{operation="Stars",outcome="miss"} 2',
      '{operation="Stars",outcome="partial"} 1',
      '{operation="anonymous",outcome="hit"} 2',
    ]);
  });

  it('count whole responses by operation', async () => {
    const world = await shop({}, measured());
    for (let i = 0; i < 3; i++) await get(world, 'query List { products { name } }');
    expect(await counts(world, 'responses_total')).toEqual(['{outcome="miss"} 1', '{outcome="hit"} 2']);
    expect(await counts(world, 'operation_values_total')).toEqual([
      '{operation="List",outcome="miss"} 1',
      '{operation="List",outcome="whole"} 2',
    ]);
  });

  it('have as many names of operations as the config allows', async () => {
    const world = await shop({}, measured({ max: 1 }));
    for (const name of ['One', 'Two', 'Three']) await world.ask(`query ${name} { products { name } }`);
    expect(await counts(world, 'operation_values_total')).toEqual([
      '{operation="One",outcome="miss"} 1',
      '{operation="other",outcome="hit"} 2',
    ]);
    const nameless = await shop({}, measured({ enabled: false }));
    await nameless.ask('query One { products { name } }');
    expect(await counts(nameless, 'operation_values_total')).toEqual([]);
    expect((await counts(nameless, 'values_total')).length).toBe(1);
  });
});
