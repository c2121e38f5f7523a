import { describe, expect, it } from 'vitest';
import type { SourceFailure } from '../../src/sources/source.ts';
import { execute } from './execute.ts';

const shop = {
  products: `
    type Query { top: [Product]! best: Product hello: String must: String! }
    type Product @key(fields: "upc") { upc: ID! name: String weight: Int maker: Maker }
    type Maker { name: String }
  `,
  stock: `
    type Product @key(fields: "upc") { upc: ID! weight: Int @external inStock: Boolean shipping: Int @requires(fields: "weight") shelves: [Shelf!] }
    type Shelf { row: Int }
  `,
};
const top = { data: { top: [{ upc: 'a' }, { upc: 'b' }, { upc: 'a' }] } };
const both = [{ inStock: true }, { inStock: null }];

/** The paths and messages of errors, `top.0.name: boom`. */
function reported(errors: readonly { message: string; path?: readonly (string | number)[] }[]): string[] {
  return errors.map(({ message, path }) => `${path?.join('.')}: ${message}`);
}

describe('an error of a root request', () => {
  it('keeps its place, its code and its extensions, and names the service', async () => {
    const error = {
      message: 'boom',
      path: ['best', 'name'],
      extensions: { code: 'NO', at: 5 },
      locations: [{ line: 1, column: 1 }],
    };
    const { data, errors } = await execute(shop, '{ best { name } }', {
      products: { data: { best: { name: null } }, errors: [error] },
    });
    expect(data).toEqual({ best: { name: null } });
    expect(errors).toEqual([
      { message: 'boom', path: ['best', 'name'], extensions: { code: 'NO', at: 5, service: 'products' } },
    ]);
  });

  it('has a code of ours where it brings none', async () => {
    const { errors } = await execute(shop, '{ hello }', {
      products: { data: { hello: null }, errors: [{ message: 'x' }] },
    });
    expect(errors).toMatchObject([{ extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', service: 'products' } }]);
  });

  it('is reported under the client’s names', async () => {
    const { errors } = await execute(shop, '{ nice: best { brand: maker { label: name } } }', {
      products: {
        data: { nice: { brand: { label: null } } },
        errors: [{ message: 'boom', path: ['nice', 'brand', 'label'] }],
      },
    });
    expect(reported(errors)).toEqual(['nice.brand.label: boom']);
  });

  it('is reported under every alias of what was fetched once', async () => {
    const { errors } = await execute(shop, '{ best { a: name b: name } }', {
      products: { data: { best: { a: null } }, errors: [{ message: 'boom', path: ['best', 'a'] }] },
    });
    expect(reported(errors)).toEqual(['best.a: boom', 'best.b: boom']);
  });

  it('keeps its place in lists', async () => {
    const { errors } = await execute(shop, '{ top { name } }', {
      products: {
        data: { top: [{ name: 'A' }, { name: null }] },
        errors: [{ message: 'boom', path: ['top', 1, 'name'] }],
      },
    });
    expect(reported(errors)).toEqual(['top.1.name: boom']);
  });

  it('explains the nulls that it caused: they are not reported again', async () => {
    const { data, errors } = await execute(shop, '{ must }', {
      products: { data: null, errors: [{ message: 'boom', path: ['must'] }] },
    });
    expect(data).toBeNull();
    expect(reported(errors)).toEqual(['must: boom']);
  });
});

describe('an error of a look-up', () => {
  it('is reported at each object that the entity was looked up for', async () => {
    const { data, errors } = await execute(shop, '{ top { inStock } }', {
      products: top,
      stock: {
        data: { _entities: [{ inStock: null }, { inStock: true }] },
        errors: [{ message: 'boom', path: ['_entities', 0, 'inStock'] }],
      },
    });
    expect(data).toEqual({ top: [{ inStock: null }, { inStock: true }, { inStock: null }] });
    expect(reported(errors)).toEqual(['top.0.inStock: boom', 'top.2.inStock: boom']);
  });

  it('is reported at the object itself where the entity is null', async () => {
    const { errors } = await execute(shop, '{ top { inStock } }', {
      products: top,
      stock: { data: { _entities: [{ inStock: true }, null] }, errors: [{ message: 'gone', path: ['_entities', 1] }] },
    });
    expect(reported(errors)).toEqual(['top.1: gone']);
  });

  it('goes on below the entity', async () => {
    const { errors } = await execute(shop, '{ best { room: shelves { number: row } } }', {
      products: { data: { best: { upc: 'a' } } },
      stock: {
        data: { _entities: [{ room: [{ number: 1 }, { number: null }] }] },
        errors: [{ message: 'boom', path: ['_entities', 0, 'room', 1, 'number'] }],
      },
    });
    expect(reported(errors)).toEqual(['best.room.1.number: boom']);
  });

  it('without a path is reported at the fields that are null, where they are first', async () => {
    const { errors } = await execute(shop, '{ top { inStock } }', {
      products: top,
      stock: { data: { _entities: both }, errors: [{ message: 'somewhere' }] },
    });
    expect(reported(errors)).toEqual(['top.1.inStock: somewhere']);
  });

  it('in a field that only @requires asked for is reported at the object', async () => {
    const { errors } = await execute(shop, '{ best { shipping } }', {
      products: {
        data: { best: { upc: 'a', weight: null } },
        errors: [{ message: 'no scales', path: ['best', 'weight'] }],
      },
      stock: { data: { _entities: [{ shipping: null }] } },
    });
    expect(reported(errors)).toEqual(['best: no scales']);
  });
});

describe('an error of what the client has not selected', () => {
  const sizes = {
    products: `
      type Query @context(name: "query") { best: Product currency: String }
      type Product @key(fields: "upc") { upc: ID! width: Int height: Int price(in: String @fromContext(field: "$query { currency }")): Int }
    `,
    stock:
      'type Product @key(fields: "upc") { upc: ID! width: Int @external height: Int @external shipping: Int @requires(fields: "width height") }',
  };

  it('is reported once for its object, however many fields have it', async () => {
    const { data, errors } = await execute(sizes, '{ best { shipping } }', {
      products: {
        data: { best: { upc: 'a', width: null, height: null } },
        errors: [
          { message: 'no sizes', path: ['best', 'width'] },
          { message: 'no sizes', path: ['best', 'height'] },
        ],
      },
      stock: { data: { _entities: [{ shipping: null }] } },
    });
    expect(data).toEqual({ best: { shipping: null } });
    expect(reported(errors)).toEqual(['best: no sizes']);
  });

  it('has no path where it is at the root', async () => {
    const { data, errors } = await execute(sizes, '{ best { price } }', {
      products: ({ query }) =>
        query.includes('_entities')
          ? { data: { _entities: [{ price: null }] } }
          : {
              data: { best: { __typename: 'Product', upc: 'a' }, currency: null },
              errors: [{ message: 'no currency', path: ['currency'] }],
            },
    });
    expect(data).toEqual({ best: { price: null } });
    expect(errors.map(({ message, path }) => [message, path])).toEqual([['no currency', undefined]]);
  });
});

describe('many errors of a look-up', () => {
  const many = (count: number, upcOf: (index: number) => string) => ({
    data: { top: Array.from({ length: count }, (_, index) => ({ upc: upcOf(index) })) },
  });
  const gone = ({ variables }: { variables: Record<string, unknown[]> }, perEntity = 1) => {
    const wanted = Object.values(variables)[0] ?? [];
    return {
      data: { _entities: wanted.map(() => null) },
      errors: wanted.flatMap((_, at) =>
        Array.from({ length: perEntity }, (_, nth) => ({ message: `gone ${nth}`, path: ['_entities', at] })),
      ),
    };
  };

  it('are each reported at their own object', async () => {
    const { errors } = await execute(shop, '{ top { inStock } }', {
      products: many(20_000, (index) => `p${index}`),
      stock: gone,
    });
    expect(reported(errors)).toEqual(Array.from({ length: 20_000 }, (_, index) => `top.${index}: gone 0`));
  });

  it('are reported for a hundred objects each, and for the first alone when there are very many', async () => {
    const { errors } = await execute(shop, '{ top { inStock } }', {
      products: many(5_000, () => 'same'),
      stock: (request) => gone(request, 200),
    });
    const lines = reported(errors);
    expect(lines.filter((line) => line.endsWith(': gone 0'))).toEqual(
      Array.from({ length: 100 }, (_, index) => `top.${index}: gone 0`),
    );
    expect(lines.filter((line) => line.endsWith(': gone 199'))).toEqual(['top.0: gone 199']);
    expect(lines).toHaveLength(100 * 100 + 100);
  });

  it('explain the nulls that they caused, and no others', async () => {
    const strict = { ...shop, stock: 'type Product @key(fields: "upc") { upc: ID! inStock: Boolean! room: Int! }' };
    const { errors } = await execute(strict, '{ top { inStock room } }', {
      products: many(3, (index) => `p${index}`),
      stock: {
        data: { _entities: Array.from({ length: 3 }, () => ({ inStock: null, room: 1 })) },
        errors: [{ message: 'boom', path: ['_entities', 0, 'inStock'] }],
      },
    });
    expect(reported(errors)).toEqual([
      'top.0.inStock: boom',
      'top.1.inStock: Cannot return null for non-nullable field Product.inStock.',
      'top.2.inStock: Cannot return null for non-nullable field Product.inStock.',
    ]);
    const { errors: others } = await execute(strict, '{ top { inStock room } }', {
      products: many(1, (index) => `p${index}`),
      stock: {
        data: { _entities: [{ inStock: true, room: null }] },
        errors: [{ message: 'boom', path: ['_entities', 0, 'inStock'] }],
      },
    });
    expect(reported(others)).toEqual([
      'top.0.inStock: boom',
      'top.0.room: Cannot return null for non-nullable field Product.room.',
    ]);
  });
});

describe('a request that fails', () => {
  const failure: SourceFailure = {
    code: 'SUBREQUEST_HTTP_ERROR',
    message: 'HTTP fetch failed from "stock"',
    reason: 'connect',
    status: 503,
  };

  it('is reported once for each field that it should have brought', async () => {
    const { data, errors } = await execute(shop, '{ top { name inStock mine: shelves { row } } }', {
      products: {
        data: {
          top: [
            { upc: 'a', name: 'A' },
            { upc: 'b', name: 'B' },
          ],
        },
      },
      stock: { kind: 'failure', failure },
    });
    expect(data.top).toEqual([
      { name: 'A', inStock: null, mine: null },
      { name: 'B', inStock: null, mine: null },
    ]);
    const extensions = { code: failure.code, service: 'stock', reason: 'connect', http: { status: 503 } };
    expect(errors).toEqual([
      { message: failure.message, path: ['top', 0, 'inStock'], extensions },
      { message: failure.message, path: ['top', 0, 'mine'], extensions },
    ]);
  });

  it('is reported at root fields, and leaves other subgraphs’ fields alone', async () => {
    const { data, errors } = await execute(
      { a: 'type Query { a: Int b: Int }', c: 'type Query { c: Int }' },
      '{ x: a b c }',
      { a: { kind: 'failure', failure }, c: { data: { c: 1 } } },
    );
    expect(data).toEqual({ x: null, b: null, c: 1 });
    expect(errors.map(({ path }) => path)).toEqual([['x'], ['b']]);
  });

  it('keeps those that wait for it from being sent', async () => {
    const { data, errors, received } = await execute(shop, '{ best { inStock } }', {
      products: { kind: 'failure', failure },
      stock: { data: { _entities: [] } },
    });
    expect(data).toEqual({ best: null });
    expect(errors).toHaveLength(1);
    expect(received.stock).toBeUndefined();
  });
});

describe('an answer that is no result', () => {
  it.each([
    ['not JSON', '<html>', 'not JSON'],
    ['no text at all', '', 'not JSON'],
    ['JSON of another kind', '[1]', 'neither data nor errors'],
    ['an object without data and errors', '{"status":"ok"}', 'neither data nor errors'],
    ['data that is no object', '{"data":[1]}', 'data is not an object'],
    ['null without a reason', '{"data":null}', 'data is not an object'],
  ])('%s is reported as such', async (_, text, reason) => {
    const { data, errors } = await execute(shop, '{ hello }', { products: text });
    expect(data).toEqual({ hello: null });
    expect(errors).toEqual([
      {
        message: 'The subgraph "products" did not return a GraphQL response.',
        path: ['hello'],
        extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE', service: 'products', reason, http: { status: 200 } },
      },
    ]);
  });

  it.each([
    ['too short', { _entities: [{ inStock: true }] }],
    ['too long', { _entities: [...both, { inStock: true }] }],
    ['missing', {}],
    ['no list', { _entities: { inStock: true } }],
  ])('a list of entities that is %s is not guessed at', async (_, data) => {
    const answer = await execute(shop, '{ top { upc inStock } }', { products: top, stock: { data } });
    expect(answer.data.top).toEqual(['a', 'b', 'a'].map((upc) => ({ upc, inStock: null })));
    expect(answer.errors).toMatchObject([
      {
        path: ['top', 0, 'inStock'],
        extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE', reason: expect.stringContaining('list of entities') },
      },
    ]);
  });

  it('a missing list that errors explain is reported by them alone', async () => {
    const { errors } = await execute(shop, '{ top { inStock } }', {
      products: top,
      stock: { data: { _entities: null }, errors: [{ message: 'all gone', path: ['_entities'] }] },
    });
    expect(reported(errors)).toEqual(['top.0: all gone']);
  });

  it('an error of the list as a whole is reported where something is missing, when the list is there', async () => {
    const errors = [{ message: 'b is gone', path: ['_entities'] }];
    const { data, errors: shown } = await execute(shop, '{ top { inStock } }', {
      products: top,
      stock: { data: { _entities: [{ inStock: true }, null] }, errors },
    });
    expect(data.top).toEqual([{ inStock: true }, { inStock: null }, { inStock: true }]);
    expect(reported(shown)).toEqual(['top.1.inStock: b is gone']);
  });

  it('errors that are none are still reported', async () => {
    const { errors } = await execute(shop, '{ hello }', { products: { data: null, errors: ['bad', { path: 7 }] } });
    expect(reported(errors)).toEqual([
      'hello: The subgraph reported an error without a message.',
      'hello: The subgraph reported an error without a message.',
    ]);
  });
});

describe('a null where none may be, with nobody to blame', () => {
  it('is reported by the gateway', async () => {
    const { data, errors } = await execute(shop, '{ hello must }', { products: { data: { hello: 'x', must: null } } });
    expect(data).toBeNull();
    expect(errors).toEqual([
      {
        message: 'Cannot return null for non-nullable field Query.must.',
        path: ['must'],
        extensions: { code: 'INVALID_NULL_OR_TYPE' },
      },
    ]);
  });
});
