import { describe, expect, it } from 'vitest';
import { compilePlan } from '../../src/executor/compile.ts';
import { executePlan } from '../../src/executor/execute-plan.ts';
import { ClientDisconnected } from '../../src/shared/client-disconnected.ts';
import type { CancelSignal, Source, SubgraphResponse } from '../../src/sources/source.ts';
import { planner } from '../planner/plan.ts';

const SCHEMA = `scalar JSON
  type Query { items(count: Int): [Item!] }
  type Mutation { load: [Item!] }
  type Item { id: ID! name: String count: Int price: Float any: JSON must: Int! }`;

/** The text of an item, with numbers whose digits a JavaScript number would lose. */
const item = (at: number) =>
  `{"id":${at % 2 === 0 ? `"${at}"` : `9007199254740993${at}`},"name":"item number ${at}, with a \\"name\\"","count":${at}.0,` +
  `"price":${at}.10,"any":{"big":12345678901234567890,"list":[1e2,0.50]},"must":${at}}`;

const written = (at: number) =>
  `{"id":"${at % 2 === 0 ? at : `9007199254740993${at}`}","name":"item number ${at}, with a \\"name\\"","count":${at},` +
  `"price":${at}.10,"any":{"big":12345678901234567890,"list":[1e2,0.50]},"must":${at}}`;

const itemsOf = (count: number, write = item) => Array.from({ length: count }, (_, at) => write(at)).join();

const { stages, supergraph } = planner({ all: SCHEMA });
const FIELDS = '{ id name count price any must }';

/** Executes a query whose only response is this one, or has this text. */
function run(query: string, given: string | SubgraphResponse, signal?: CancelSignal) {
  const { plan } = stages(query);
  const response: SubgraphResponse = typeof given === 'string' ? { kind: 'text', text: given, status: 200 } : given;
  const all: Source = {
    name: 'all',
    send: (_request, done) => void setImmediate(done, response),
    close: () => Promise.resolve(),
  };
  const client = { requestId: 'test', headers: {}, ...(signal && { signal }) };
  const input = { supergraph, sources: new Map([['all', all]]), client, variables: {}, introspected: new Map() };
  return executePlan(compilePlan(plan, supergraph), input);
}

/** Counts the turns of the event loop until a promise settles. */
async function turnsUntil(settled: Promise<unknown>): Promise<number> {
  let isOver = false;
  void settled.finally(() => {
    isOver = true;
  });
  let turns = 0;
  for (; !isOver; turns++) await new Promise((resolve) => void setImmediate(resolve));
  return turns;
}

/** Items of some 2 MB. */
const LONG = 12_000;

describe('a long response', () => {
  it('is parsed and written in slices, with other work in between, and every digit is preserved', async () => {
    const text = `{"data":{"items":[${itemsOf(LONG)}]}}`;
    const result = run(`{ items ${FIELDS} }`, text);
    expect(await turnsUntil(result)).toBeGreaterThan(2);
    const { dataText, errors } = await result;
    expect(errors).toEqual([]);
    expect(dataText === `{"items":[${itemsOf(LONG, written)}]}`).toBe(true);
  });

  it('has the errors that a short one has', async () => {
    const bad = '{"id":"bad","name":"x","count":1,"price":1,"any":1,"must":null}';
    const result = await run(`{ items ${FIELDS} }`, `{"data":{"items":[${itemsOf(LONG)},${bad}]}}`);
    expect(result.dataText).toBe('{"items":null}');
    expect(result.errors).toMatchObject([
      { path: ['items', LONG, 'must'], message: 'Cannot return null for non-nullable field Item.must.' },
    ]);
  });

  it('that is not JSON is a failure of its subgraph', async () => {
    const { dataText, errors } = await run(`{ items ${FIELDS} }`, `{"data":{"items":[${itemsOf(LONG)}]}`);
    expect(dataText).toBe('{"items":null}');
    expect(errors).toMatchObject([
      { path: ['items'], extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE', reason: 'not JSON' } },
    ]);
  });

  it('is given up when its client has disconnected, but not that of a mutation', async () => {
    const text = (field: string) => `{"data":{"${field}":[${itemsOf(LONG)}]}}`;
    const signal = () => ({ aborted: true, addEventListener() {}, removeEventListener() {} });
    await expect(run(`{ items ${FIELDS} }`, text('items'), signal())).resolves.toMatchObject({
      dataText: '{"items":null}',
      errors: [{ message: 'Client disconnected.' }],
    });
    const { dataText } = await run(`mutation { load ${FIELDS} }`, text('load'), signal());
    expect(dataText === `{"load":[${itemsOf(LONG, written)}]}`).toBe(true);
  });

  it('is not written to its end when its client has disconnected', async () => {
    const result = JSON.parse(`{"data":{"items":[${itemsOf(LONG)}]}}`);
    const gone = { aborted: true, addEventListener() {}, removeEventListener() {} };
    // from a source in this process, which needs no parsing
    const response = { kind: 'parsed', result, size: 170 * LONG, status: 200 } as const;
    await expect(run(`{ items ${FIELDS} }`, response, gone)).rejects.toThrow(ClientDisconnected);
  });
});
