import { describe, expect, it } from 'vitest';
import { execute } from './execute.ts';

const MALFORMED = 'SUBREQUEST_MALFORMED_RESPONSE';

interface ReportedError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Record<string, unknown>;
}

/** `people.1: boom` for what a subgraph said, `people.2.mail INVALID_NULL_OR_TYPE` for what the gateway says. */
function reported(errors: readonly ReportedError[]): string[] {
  return errors.map(({ path, message, extensions }) => {
    const code = extensions?.code;
    return code === 'DOWNSTREAM_SERVICE_ERROR'
      ? `${path?.join('.')}: ${message}`
      : `${path?.join('.')} ${String(code)}`;
  });
}

const people = {
  names: 'type Query { people: [Person] } type Person @key(fields: "id") { id: ID! }',
  mails:
    'type Person @key(fields: "id") { id: ID! mail: String! age: Int pet: Pet } type Pet { name: String! owner: Owner! } type Owner { name: String! }',
};
const three = { data: { people: [{ id: '1' }, { id: '2' }, { id: '3' }] } };

describe('an error explains the nulls at and below its own place, and no others', () => {
  it('its index included', async () => {
    const { data, errors } = await execute(people, '{ people { mail } }', {
      names: three,
      mails: {
        data: { _entities: [{ mail: 'm' }, null, { mail: null }] },
        errors: [{ message: 'gone', path: ['_entities', 1] }],
      },
    });
    expect(data).toEqual({ people: [{ mail: 'm' }, null, null] });
    expect(reported(errors)).toEqual(['people.1: gone', 'people.2.mail INVALID_NULL_OR_TYPE']);
  });

  it('its subgraph included', async () => {
    const { data, errors } = await execute({ a: 'type Query { a: Int }', b: 'type Query { b: Int }' }, '{ a b }', {
      a: { data: { a: null }, errors: [{ message: 'bad id', path: ['input', 'id'] }] },
      b: { data: { b: 'text' } },
    });
    expect(data).toEqual({ a: null, b: null });
    expect(reported(errors)).toEqual(['a: bad id', 'b INVALID_NULL_OR_TYPE']);
  });

  it('nor what is null beside it', async () => {
    const { errors } = await execute(
      { a: 'type Query { list: [Item] } type Item { x: Int! y: Int! }' },
      '{ list { x y } }',
      {
        a: {
          data: { list: [null, { x: null, y: 1 }, { x: 1, y: null }] },
          errors: [{ message: 'boom', path: ['list', 1, 'x'] }],
        },
      },
    );
    expect(reported(errors)).toEqual(['list.1.x: boom', 'list.2.y INVALID_NULL_OR_TYPE']);
  });

  it('for every object that the entity was looked up for', async () => {
    const { data, errors } = await execute(people, '{ people { mail } }', {
      names: { data: { people: Array.from({ length: 150 }, () => ({ id: 'same' })) } },
      mails: { data: { _entities: [{ mail: null }] }, errors: [{ message: 'gone', path: ['_entities', 0, 'mail'] }] },
    });
    expect(data.people).toEqual(Array.from({ length: 150 }, () => null));
    expect(reported(errors)).toEqual(Array.from({ length: 100 }, (_, i) => `people.${i}.mail: gone`));
  });

  it('of ten thousand errors, each its own', async () => {
    const ids = Array.from({ length: 10_000 }, (_, id) => ({ id: String(id) }));
    const { errors } = await execute(people, '{ people { mail } }', {
      names: { data: { people: ids } },
      mails: {
        data: { _entities: ids.map(() => ({ mail: null })) },
        errors: ids.flatMap((_, i) => (i === 5_000 ? [] : [{ message: 'gone', path: ['_entities', i, 'mail'] }])),
      },
    });
    expect(errors).toHaveLength(10_000);
    expect(reported(errors).at(-1)).toBe('people.5000.mail INVALID_NULL_OR_TYPE');
  });
});

describe('a null that came up from an error below', () => {
  it('is explained as far as it had to go: an entity', async () => {
    const { data, errors } = await execute(people, '{ people { age mail } }', {
      names: three,
      mails: {
        data: { _entities: [{ age: 1, mail: 'm' }, null, null] },
        errors: [{ message: 'boom', path: ['_entities', 1, 'mail'] }],
      },
    });
    expect(data).toEqual({ people: [{ age: 1, mail: 'm' }, null, null] });
    expect(reported(errors)).toEqual(['people.1.mail: boom', 'people.2.mail INVALID_NULL_OR_TYPE']);
  });

  it('is explained through what may not be null, not further', async () => {
    const strict = { a: 'type Query { top: Top! } type Top { inner: Inner! loose: Inner } type Inner { x: Int! }' };
    const through = await execute(strict, '{ top { inner { x } } }', {
      a: { data: { top: { inner: null } }, errors: [{ message: 'boom', path: ['top', 'inner', 'x'] }] },
    });
    expect(reported(through.errors)).toEqual(['top.inner.x: boom']);
    const beyond = await execute(strict, '{ top { loose { x } } }', {
      a: { data: { top: null }, errors: [{ message: 'boom', path: ['top', 'loose', 'x'] }] },
    });
    expect(reported(beyond.errors)).toEqual(['top.loose.x: boom', 'top INVALID_NULL_OR_TYPE']);
  });

  it('is explained for the whole of data', async () => {
    const { data, errors } = await execute({ a: 'type Query { a: Int b: Int! }' }, '{ a b }', {
      a: { data: null, errors: [{ message: 'boom', path: ['b'] }] },
    });
    expect(data).toBeNull();
    expect(reported(errors)).toEqual(['b: boom']);
  });

  it('is reported where the error cannot have made it', async () => {
    const { data, errors } = await execute({ a: 'type Query { a: Int b: Int }' }, '{ a b }', {
      a: { data: null, errors: [{ message: 'boom', path: ['b'] }] },
    });
    expect(data).toEqual({ a: null, b: null });
    expect(reported(errors)).toEqual(['b: boom', `a ${MALFORMED}`]);
  });
});

describe('a path that is none of the response', () => {
  const subgraphs = { a: 'type Query { list: [[Item]] flat: Int fine: Int } type Item { x: Int }' };
  const data = { list: [[{ x: null }]], flat: null, fine: 1 };

  it.each([
    ['names what was not asked for', ['input', 'id']],
    ['names a field that was not asked for', ['list', 0, 0, 'y']],
    ['is empty', []],
    ['begins with an index', [0]],
    ['has an index below zero', ['list', -1]],
    ['has an index past the end of the list', ['list', 1, 0, 'x']],
    ['has an index that is no whole number', ['list', 0.5]],
    ['has an index as a text', ['list', '0', '0', 'x']],
    ['has too many indices', ['list', 0, 0, 0]],
    ['goes on where a field ends', ['flat', 'x']],
    ['leaves an index out', ['list', 0, 'x']],
    ['has a list in it', [['list']]],
    ['has null in it', ['list', null]],
    ['has an object in it', [{ key: 'list' }]],
    ['names what every object has', ['constructor']],
    ['names the prototype', ['__proto__']],
    ['is a text', 'list'],
    ['is a number', 7],
  ])('stands for the fields that are null: it %s', async (_, path) => {
    const { errors } = await execute(subgraphs, '{ list { x } flat fine }', {
      a: { data, errors: [{ message: 'boom', path }] },
    });
    expect(reported(errors)).toEqual(['flat: boom']);
  });

  it('stands for all fields of the fetch where none is null, under the client’s names', async () => {
    const { errors } = await execute(subgraphs, '{ one: flat two: fine }', {
      a: { data: { one: 1, two: 2 }, errors: [{ message: 'boom', path: ['nothing'] }] },
    });
    expect(reported(errors)).toEqual(['one: boom', 'two: boom']);
  });

  it.each([
    ['an entity that was not asked for', ['_entities', 3, 'mail']],
    ['an entity below zero', ['_entities', -1]],
    ['no entity', ['mail']],
    ['a field that was not asked for', ['_entities', 1, 'name']],
    ['an index as a text', ['_entities', '1', 'mail']],
    ['what the representation has', ['representations', 0, 'id']],
  ])('of a look-up stands for its fields, where they are null first: %s', async (_, path) => {
    const { errors } = await execute(people, '{ people { id age } }', {
      names: three,
      mails: { data: { _entities: [{ age: 1 }, { age: null }, null] }, errors: [{ message: 'boom', path }] },
    });
    expect(reported(errors)).toEqual(['people.1.age: boom']);
  });

  it('explains only the nulls at its path', async () => {
    const { errors } = await execute(people, '{ people { mail } }', {
      names: three,
      mails: {
        data: { _entities: [{ mail: 'm' }, null, { mail: null }] },
        errors: [{ message: 'boom', path: ['id'] }],
      },
    });
    expect(reported(errors)).toEqual(['people.1.mail: boom', 'people.2.mail INVALID_NULL_OR_TYPE']);
  });
});

describe('an error without a path', () => {
  it('explains that there is no data at all', async () => {
    const { errors } = await execute({ a: 'type Query { a: Int b: Int! }' }, '{ a b }', {
      a: { data: null, errors: [{ message: 'boom' }] },
    });
    expect(reported(errors)).toEqual(['a: boom', 'b: boom']);
  });

  it('has none where the answer of the root is whole', async () => {
    const { errors } = await execute({ a: 'type Query { a: Int }' }, '{ a }', {
      a: { data: { a: 1 }, errors: [{ message: 'deprecated' }] },
    });
    expect(errors).toEqual([{ message: 'deprecated', extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', service: 'a' } }]);
  });
});

describe('what failed before', () => {
  const chain = {
    a: 'type Query { people: [Person] } type Person @key(fields: "id") { id: ID! }',
    b: 'type Person @key(fields: "id") @key(fields: "sku") { id: ID! sku: ID }',
    c: 'type Person @key(fields: "sku") { sku: ID price: Int must: Int! }',
  };
  const two = { data: { people: [{ id: '1' }, { id: '2' }] } };
  const prices = { data: { _entities: [{ price: 1 }] } };

  it('is reported for what waited for it', async () => {
    const failure = { kind: 'failure', failure: { code: 'SUBREQUEST_HTTP_ERROR', message: 'down' } } as const;
    const { data, errors, received } = await execute(chain, '{ people { sku price } }', {
      a: two,
      b: failure,
      c: prices,
    });
    expect(received.c).toBeUndefined();
    expect(data).toEqual({
      people: [
        { sku: null, price: null },
        { sku: null, price: null },
      ],
    });
    expect(reported(errors)).toEqual(['people.0.sku SUBREQUEST_HTTP_ERROR', 'people.0.price REQUIRED_INPUT_MISSING']);
  });

  it('is reported for the object whose key an error made null', async () => {
    const { data, errors } = await execute(chain, '{ people { sku price } }', {
      a: two,
      b: {
        data: { _entities: [{ sku: 's' }, { sku: null }] },
        errors: [{ message: 'boom', path: ['_entities', 1, 'sku'] }],
      },
      c: prices,
    });
    expect(data).toEqual({
      people: [
        { sku: 's', price: 1 },
        { sku: null, price: null },
      ],
    });
    expect(reported(errors)).toEqual(['people.1.sku: boom', 'people.1.price REQUIRED_INPUT_MISSING']);
  });

  it('is not reported where the entity is not known, or its key is null', async () => {
    const { data, errors } = await execute(chain, '{ people { price } }', {
      a: { data: { people: [{ id: '1' }, { id: '2' }, { id: '3' }] } },
      b: { data: { _entities: [{ sku: 's' }, null, { sku: null }] } },
      c: prices,
    });
    expect(data).toEqual({ people: [{ price: 1 }, { price: null }, { price: null }] });
    expect(errors).toEqual([]);
  });

  it('is reported once for a field that may not be null, however many objects there are', async () => {
    const { data, errors } = await execute(chain, '{ people { must } }', { a: two, b: 'oops', c: prices });
    expect(data).toEqual({ people: [null, null] });
    expect(reported(errors)).toEqual([`people.0 ${MALFORMED}`, 'people.0.must REQUIRED_INPUT_MISSING']);
  });
});
