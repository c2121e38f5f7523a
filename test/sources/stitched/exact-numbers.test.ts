import { expect, onTestFinished, test } from 'vitest';
import { createHttpSource } from '../../../src/sources/http/http-source.ts';
import { createStitchedSource } from '../../../src/sources/stitched/stitched-source.ts';
import { bodyOf, fakeSubgraph } from '../fake-subgraph.ts';
import { responseText } from '../response-text.ts';

/** A GraphQL service that answers with these texts, one a request, and what it was asked, both as they are sent. */
async function service(sdl: string, answers: readonly (string | ((body: string) => string))[]) {
  const received: string[] = [];
  const stub = await fakeSubgraph(async (req, res) => {
    received.push(await bodyOf(req));
    const answer = answers[received.length - 1];
    const text = typeof answer === 'function' ? answer(received.at(-1) ?? '') : answer;
    res.setHeader('content-type', 'application/json').end(text);
  });
  const source = createStitchedSource({
    name: 'things',
    sdl: `extend schema @service(url: "${stub.url}")\nscalar Long\n${sdl}`,
    upstream: createHttpSource({ name: 'things', url: stub.url }),
  });
  onTestFinished(() => source.close());
  const send = (query: string, variables = '{}') => {
    const body = `{"query":${JSON.stringify(query)},"variables":${variables}}`;
    return new Promise<string>((resolve) => {
      source.send({ body, operationType: 'query', client: { requestId: 'r1', headers: {} } }, (answer) =>
        resolve(responseText(answer)),
      );
    });
  };
  return { send, received };
}

const NUMBERS = '[9007199254740993,12345678901234567890,0.10000000000000000555,1.10,1e400,-0]';
const ENTITIES = (selection: string) => `query($r:[_Any!]!){_entities(representations:$r){...on Item{${selection}}}}`;

test('a list look-up: keys, answers and the order of both', async () => {
  const { send, received } = await service(
    'type Query { items(ids: [Long!]!): [Item]! @merge(keyField: "id") } type Item { id: Long! all: [Long] price: Float name: String }',
    [
      `{"data":{"items":[{"all":${NUMBERS},"price":1.10,"_key":9007199254740993},{"all":[],"price":0.10000000000000000555,"_key":9007199254740992}]}}`,
    ],
  );
  const keys = ['9007199254740992', '9007199254740993'].map((id) => `{"__typename":"Item","id":${id}}`);
  expect(await send(ENTITIES('all price'), `{"r":[${keys}]}`)).toBe(
    `{"data":{"_entities":[{"all":[],"price":0.10000000000000000555},{"all":${NUMBERS},"price":1.10}]}}`,
  );
  expect(received).toHaveLength(1);
  expect(received[0]).toContain('"variables":{"ids":[9007199254740992,9007199254740993]}');
});

test('ids that a service writes as numbers are found by their text', async () => {
  const { send } = await service(
    'type Query { items(ids: [ID!]!): [Item]! @merge(keyField: "id") } type Item { id: ID! name: String }',
    ['{"data":{"items":[{"name":"b","_key":9007199254740993},{"name":"a","_key":9007199254740992}]}}'],
  );
  const keys = ['9007199254740992', '9007199254740993'].map((id) => `{"__typename":"Item","id":"${id}"}`);
  expect(await send(ENTITIES('name'), `{"r":[${keys}]}`)).toBe('{"data":{"_entities":[{"name":"a"},{"name":"b"}]}}');
});

test('a look-up of one: keys, an object as key, and literals of the file', async () => {
  const { send, received } = await service(
    `type Query { item(at: Place!, after: Long, factor: Float): Item
       @merge(argsExpr: "at: { id: $key.id, zone: 12345678901234567890 }, after: 9007199254740993, factor: 1.10") }
     input Place { id: Long! zone: Long factor: Float = 1.50 } type Item { id: Long! seq: Long }`,
    ['{"data":{"k0_0":{"seq":9007199254740993}}}'],
  );
  expect(await send(ENTITIES('seq'), '{"r":[{"__typename":"Item","id":9007199254740993}]}')).toBe(
    '{"data":{"_entities":[{"seq":9007199254740993}]}}',
  );
  expect(received[0]).toContain(
    '"variables":{"k0_0_at":{"id":9007199254740993,"zone":12345678901234567890},"k0_0_after":9007199254740993,"k0_0_factor":1.10}',
  );
});

test('a list look-up by Float, with a fixed argument', async () => {
  const { send, received } = await service(
    `type Query { items(prices: [Float!]!, after: Long): [Item]! @merge(keyField: "price", keyArg: "prices", additionalArgs: "after: 9007199254740993") }
     type Item { price: Float! name: String }`,
    ['{"data":{"items":[{"name":"a","_key":0.10000000000000000555}]}}'],
  );
  expect(await send(ENTITIES('name'), '{"r":[{"__typename":"Item","price":0.10000000000000000555}]}')).toBe(
    '{"data":{"_entities":[{"name":"a"}]}}',
  );
  expect(received[0]).toContain('Float!');
  expect(received[0]).not.toContain('headgate');
  expect(received[0]).toContain('"prices":[0.10000000000000000555]');
  expect(received[0]).toContain(':9007199254740993');
});

test('root fields beside entities: variables, literals, scalars of each kind', async () => {
  const { send, received } = await service(
    `type Query { items(ids: [Long!]!): [Item]! @merge(keyField: "id") total(from: Long, factor: Float, id: ID): Total }
     type Item { id: Long! name: String } type Total { seq: Long price: Float id: ID }`,
    [
      (body) => {
        const [total, items] = ['total', 'items'].map((name) => body.match(`(\\w+): ${name}`)?.[1]);
        return `{"data":{"${total}":{"seq":9007199254740993,"price":1.10,"id":12345678901234567890},"${items}":[{"name":"a","_key":1}]}}`;
      },
    ],
  );
  const query = `query($r:[_Any!]!,$from:Long,$factor:Float){
    _entities(representations:$r){...on Item{name}}
    total(from:$from,factor:$factor,id:12345678901234567890){seq price id}
  }`;
  const text = await send(
    query,
    '{"r":[{"__typename":"Item","id":1}],"from":9007199254740993,"factor":0.10000000000000000555}',
  );
  expect(received.join()).toContain('9007199254740993');
  expect(received.join()).toContain('0.10000000000000000555');
  expect(received.join()).toContain('12345678901234567890');
  expect(text).toContain('"total":{"seq":9007199254740993,"price":1.10,"id":"12345678901234567890"}');
});

test('errors of a look-up, and a service whose types have other names', async () => {
  const { send } = await service(
    'type Query { items(ids: [Long!]!): [Thing]! @merge(keyField: "id") } type Thing @rename(to: "Item") { id: Long! name: String seq: Long kind: String }',
    [
      '{"data":{"items":[{"name":null,"seq":1.10,"_key":1}]},"errors":[{"message":"no","path":["items",0,"name"],"extensions":{"seq":9007199254740993}}]}',
      '{"data":{"items":[{"__typename":"Thing","seq":9007199254740993}]}}',
    ],
  );
  expect(await send(ENTITIES('name seq'), '{"r":[{"__typename":"Item","id":1}]}')).toBe(
    '{"data":{"_entities":[{"name":null,"seq":1.10}]},' +
      '"errors":[{"message":"no","path":["_entities",0,"name"],"extensions":{"seq":9007199254740993}}]}',
  );
  expect(await send('query($ids:[Long!]!){items(ids:$ids){__typename seq}}', '{"ids":[9007199254740993]}')).toBe(
    '{"data":{"items":[{"__typename":"Item","seq":9007199254740993}]}}',
  );
});
