import { useFilterAllowedOperations } from '@envelop/filter-operation-type';
import { usePrometheus } from '@graphql-yoga/plugin-prometheus';
import { useResponseCache } from '@graphql-yoga/plugin-response-cache';
import { OperationTypeNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { post, serve } from '../gateway/serving.ts';
import { createWorld } from '../worlds/world.ts';

const SDL = `
  type Query { hello(name: String): String  big: Long }
  type Mutation { add(by: Int!): Int }
  scalar Long
`;

/** A gateway over one subgraph, with plugins. `calls` counts what the subgraph was asked. */
// biome-ignore lint/suspicious/noExplicitAny: plugins add to the context what they like
async function withPlugins(...yogaPlugins: Plugin<any, any, any>[]) {
  let calls = 0;
  const world = createWorld({
    subgraphs: {
      a: {
        typeDefs: SDL,
        resolvers: {
          Query: {
            hello: (_: unknown, { name }: { name?: string }) => {
              calls++;
              return `Hello, ${name ?? 'you'}`;
            },
            big: () => 7,
          },
          Mutation: { add: (_: unknown, { by }: { by: number }) => by },
        },
      },
    },
  });
  const { url } = await serve({ engine: () => world.engine, yogaPlugins, maxBatch: 5 });
  return { url, calls: () => calls };
}

function isSingle(result: unknown): result is { data?: Record<string, unknown> } {
  return typeof result === 'object' && result !== null && !(Symbol.asyncIterator in result);
}

describe('plugins from npm', () => {
  it('one that reads documents: @envelop/filter-operation-type', async () => {
    const { url, calls } = await withPlugins(useFilterAllowedOperations([OperationTypeNode.QUERY]));
    const allowed = await post(url, { query: '{ hello }' });
    expect(await allowed.json()).toEqual({ data: { hello: 'Hello, you' } });
    const refused = await post(url, { query: 'mutation { add(by: 1) }' });
    expect(await refused.json()).toMatchObject({
      errors: [{ message: 'GraphQL operation type "mutation" is not allowed.' }],
    });
    expect(calls()).toBe(1);
  });

  it('one that reads results: @graphql-yoga/plugin-prometheus', async () => {
    const registry = new Registry();
    const { url } = await withPlugins(
      usePrometheus({
        registry,
        endpoint: '/unused',
        metrics: { graphql_envelop_phase_execute: true, graphql_envelop_error_result: true },
      }),
    );
    await (await post(url, { query: 'query Greeting { hello }' })).text();
    expect(await registry.metrics()).toMatch(
      /graphql_envelop_phase_execute_count\{[^}]*operationName="Greeting"[^}]*\} 1/,
    );
  });

  it('one that changes the response: @graphql-yoga/plugin-response-cache', async () => {
    const { url, calls } = await withPlugins(useResponseCache({ session: () => null }));
    const first = await post(url, { query: '{ hello }' });
    expect(await first.json()).toEqual({ data: { hello: 'Hello, you' } });
    const etag = first.headers.get('etag');
    expect(etag).toBeTruthy();
    const second = await post(url, { query: '{ hello }' });
    expect(await second.json()).toEqual({ data: { hello: 'Hello, you' } });
    expect(calls()).toBe(1);
    const third = await post(url, { query: '{ hello }' }, { 'if-none-match': String(etag) });
    expect(third.status).toBe(304);
  });
});

describe('a plugin', () => {
  it('may change the data of a result', async () => {
    const { url } = await withPlugins({
      onExecutionResult({ result }) {
        if (isSingle(result) && result.data) result.data.hello = 'changed';
      },
    });
    expect(await (await post(url, { query: '{ hello }' })).json()).toEqual({ data: { hello: 'changed' } });
  });

  it('may read the data: what it does not change is sent as it came', async () => {
    const seen: unknown[] = [];
    const { url } = await withPlugins({
      onExecutionResult: ({ result }) => void (isSingle(result) && seen.push(result.data)),
    });
    expect(await (await post(url, { query: '{ big hello }' })).text()).toBe('{"data":{"big":7,"hello":"Hello, you"}}');
    expect(seen).toEqual([{ big: 7, hello: 'Hello, you' }]);
  });

  it('may change the variables and the document before the execution', async () => {
    const { url } = await withPlugins({
      onExecute({ args }) {
        args.variableValues = { n: 'Ada' };
      },
    });
    const query = 'query Q($n: String) { hello(name: $n) }';
    expect(await (await post(url, { query, variables: { n: 'Bob' } })).json()).toEqual({
      data: { hello: 'Hello, Ada' },
    });
  });

  it('adds a header to the response, also to that of a batch, whose operations it sees one by one', async () => {
    let executions = 0;
    const { url } = await withPlugins({
      onExecute: () => void executions++,
      onResponse: ({ response }) => response.headers.set('x-seen', 'yes'),
    });
    const response = await post(url, [{ query: '{ hello }' }, { query: '{ none }' }, { query: '{ a: hello }' }]);
    expect(response.headers.get('x-seen')).toBe('yes');
    const [first, second, third] = (await response.json()) as { data?: unknown; errors?: unknown[] }[];
    expect([first, third]).toEqual([{ data: { hello: 'Hello, you' } }, { data: { a: 'Hello, you' } }]);
    expect(second?.errors).toHaveLength(1);
    expect(executions).toBe(2);
  });

  it('that throws is an error of that request, masked for the client', async () => {
    const { url } = await withPlugins({
      onExecute() {
        throw new Error('secret of the plugin');
      },
    });
    const response = await post(url, { query: '{ hello }' });
    const text = await response.text();
    expect(text).toContain('errors');
    expect(text).not.toContain('secret');
  });
});
