import { describe, expect, it } from 'vitest';
import { execute } from './execute.ts';

const MALFORMED = 'SUBREQUEST_MALFORMED_RESPONSE';

interface ReportedError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Record<string, unknown>;
}

/** The paths and codes of errors, `top.0.name INVALID_NULL_OR_TYPE`. */
function reported(errors: readonly ReportedError[]): string[] {
  return errors.map(({ path, extensions }) => `${path?.join('.')} ${String(extensions?.code)}`);
}

const people = {
  names:
    'type Query { people: [Person]! tree: Tree count: Int } type Person @key(fields: "id") { id: ID! } type Tree { id: ID! }',
  mails:
    'type Person @key(fields: "id") { id: ID! mail: String age: Int friends: [Friend] } type Friend { name: String }',
};
const three = { data: { people: [{ id: '1' }, { id: '2' }, { id: '3' }] } };

describe('errors that are malformed', () => {
  it.each([
    ['an object', { message: 'boo' }, 'boo'],
    ['a string', 'boo', 'The subgraph reported an error without a message.'],
    ['a number', 7, 'The subgraph reported an error without a message.'],
    ['true', true, 'The subgraph reported an error without a message.'],
    ['a list of strings', ['boo'], 'The subgraph reported an error without a message.'],
    ['a list of lists', [['boo']], 'The subgraph reported an error without a message.'],
    ['a list with null', [null], 'The subgraph reported an error without a message.'],
    ['an error without a message', [{}], 'The subgraph reported an error without a message.'],
    [
      'an error whose message is no string',
      [{ message: { text: 'boo' } }],
      'The subgraph reported an error without a message.',
    ],
  ])('are errors all the same: %s', async (_, errors, message) => {
    for (const data of [null, { tree: null }]) {
      const answer = await execute(people, '{ tree { id } }', { names: { data, errors } });
      expect(answer.data).toEqual({ tree: null });
      expect(answer.errors).toMatchObject([
        {
          message,
          path: ['tree'],
          extensions: { code: MALFORMED, service: 'names', reason: expect.stringContaining(' is ') },
        },
      ]);
    }
  });

  it('are shown as far as that helps', async () => {
    const { errors } = await execute(people, '{ count }', { names: { errors: ['no such table'] } });
    expect(errors[0]?.extensions?.reason).toBe('an item of "errors" is a string, not an object: no such table');
  });

  it.each([
    ['an empty list', []],
    ['null', null],
  ])('are none where they are %s', async (_, errors) => {
    const fine = await execute(people, '{ count }', { names: { data: { count: 1 }, errors } });
    expect(fine).toMatchObject({ data: { count: 1 }, errors: [] });
    const bare = await execute(people, '{ count tree { id } }', { names: { data: null, errors } });
    expect(reported(bare.errors)).toEqual([`count ${MALFORMED}`, `tree ${MALFORMED}`]);
    const list = await execute(people, '{ people { mail } }', {
      names: three,
      mails: { data: { _entities: null }, errors },
    });
    expect(reported(list.errors)).toEqual([`people.0.mail ${MALFORMED}`]);
  });
});

describe('an entity that is none', () => {
  it.each([
    ['a string', 'x', 'an entity is a string, not an object'],
    ['a number', 1, 'an entity is a number, not an object'],
    ['a boolean', false, 'an entity is a boolean, not an object'],
    ['a list', [{ mail: 'x' }], 'an entity is a list, not an object'],
    [
      'of another type',
      { __typename: 'Pet', mail: 'x' },
      'an entity of the type "Person" was requested, but it has the type "Pet"',
    ],
    [
      'of no type',
      { __typename: 7, mail: 'x' },
      'an entity of the type "Person" was requested, but it has a number as its __typename',
    ],
  ])('is not put into the object: %s', async (_, entity, reason) => {
    const { data, errors } = await execute(people, '{ people { mail } }', {
      names: three,
      mails: { data: { _entities: [{ mail: 'm' }, entity, null] } },
    });
    expect(data).toEqual({ people: [{ mail: 'm' }, { mail: null }, { mail: null }] });
    expect(errors).toEqual([
      {
        message: 'The subgraph "mails" did not return a GraphQL response.',
        path: ['people', 1, 'mail'],
        extensions: { code: MALFORMED, service: 'mails', reason },
      },
    ]);
  });

  it('is reported for each, and for each object that it was looked up for', async () => {
    const { errors } = await execute(people, '{ people { mail } }', {
      names: { data: { people: [{ id: '1' }, { id: '2' }, { id: '1' }] } },
      mails: { data: { _entities: ['x', 'y'] } },
    });
    expect(reported(errors)).toEqual([
      `people.0.mail ${MALFORMED}`,
      `people.2.mail ${MALFORMED}`,
      `people.1.mail ${MALFORMED}`,
    ]);
  });

  it('leaves what belongs to the other look-ups of the request alone', async () => {
    const feed = {
      media:
        'type Query { feed: [Medium] } union Medium = Book | Film type Book @key(fields: "id") { id: ID! } type Film @key(fields: "id") { id: ID! }',
      stars: 'type Book @key(fields: "id") { id: ID! stars: Int } type Film @key(fields: "id") { id: ID! stars: Int }',
    };
    const { data, errors } = await execute(feed, '{ feed { ... on Book { stars } ... on Film { stars } } }', {
      media: {
        data: {
          feed: [
            { __typename: 'Book', id: 1 },
            { __typename: 'Film', id: 1 },
          ],
        },
      },
      stars: { data: { e0: [{ stars: 5 }], e1: [] } },
    });
    expect(data).toEqual({ feed: [{ stars: 5 }, { stars: null }] });
    expect(reported(errors)).toEqual([`feed.1.stars ${MALFORMED}`]);
  });

  it('may have a type that its interface allows', async () => {
    const media = {
      a: 'type Query { medium: Medium } interface Medium @key(fields: "id") { id: ID! } type Book implements Medium @key(fields: "id") { id: ID! }',
      b: 'type Medium @key(fields: "id") @interfaceObject { id: ID! stars: Int }',
    };
    const { data, errors } = await execute(media, '{ medium { stars } }', {
      a: { data: { medium: { __typename: 'Book', id: 1 } } },
      b: { data: { _entities: [{ __typename: 'Medium', stars: 5 }] } },
    });
    expect(errors).toEqual([]);
    expect(data).toEqual({ medium: { stars: 5 } });
  });
});

describe('a field that a subgraph did not return', () => {
  it.each([
    ['of the root', '{ count }', { names: { data: {} } }, 'count', 'names', 'Query.count'],
    [
      'of an entity',
      '{ people { mail age } }',
      {
        names: three,
        mails: { data: { _entities: [{ mail: 'a', age: 1 }, { mail: 'b' }, { mail: null, age: null }] } },
      },
      'people.1.age',
      'mails',
      'Person.age',
    ],
    [
      'below an entity',
      '{ people { friends { name } } }',
      { names: three, mails: { data: { _entities: [null, { friends: [{ name: 'a' }, {}] }, { friends: null }] } } },
      'people.1.friends.1.name',
      'mails',
      'Friend.name',
    ],
  ])('is reported: %s', async (_, query, scripts, path, service, coordinate) => {
    const { errors } = await execute(people, query, scripts as never);
    const message = `The subgraph "${service}" did not return the requested field ${coordinate}.`;
    expect(errors.map((error) => ({ ...error, path: error.path?.join('.') }))).toEqual([
      { message, path, extensions: { code: MALFORMED, service } },
    ]);
  });

  it('is reported where it is the key of another subgraph', async () => {
    const { data, errors } = await execute(people, '{ people { mail } }', {
      names: { data: { people: [{ id: '1' }, {}, { id: null }] } },
      mails: { data: { _entities: [{ mail: 'a' }] } },
    });
    expect(data).toEqual({ people: [{ mail: 'a' }, { mail: null }, { mail: null }] });
    expect(reported(errors)).toEqual([`people.1.mail ${MALFORMED}`, 'people.2.mail INVALID_NULL_OR_TYPE']);
    expect(errors[0]?.message).toBe(
      'The subgraph "mails" could not be queried for this field: the key of the object ("id") is missing from the response of another subgraph.',
    );
  });

  it('is reported once, also after a thousand objects', async () => {
    const { errors } = await execute(people, '{ people { mail } }', {
      names: { data: { people: Array.from({ length: 1_000 }, (_, id) => ({ id })) } },
      mails: { data: { _entities: Array.from({ length: 1_000 }, (_, i) => (i === 777 ? {} : { mail: 'm' })) } },
    });
    expect(reported(errors)).toEqual([`people.777.mail ${MALFORMED}`]);
  });

  it('is not reported where the client did not ask for it', async () => {
    const { data, errors } = await execute(
      people,
      'query ($no: Boolean!) { people { id mail @skip(if: $no) ... @include(if: $no) { age @skip(if: $no) } } }',
      { names: three },
      { variables: { no: true } },
    );
    expect(data).toEqual({ people: [{ id: '1' }, { id: '2' }, { id: '3' }] });
    expect(errors).toEqual([]);
  });
});

describe('values of another kind', () => {
  it.each([
    ['a list for an object', { tree: [{ id: 1 }] }, 'tree'],
    ['a string for an object', { tree: 'x' }, 'tree'],
  ])('are reported: %s', async (_, data, path) => {
    const answer = await execute(people, '{ tree { id } }', { names: { data } });
    expect(answer.data).toEqual({ tree: null });
    expect(reported(answer.errors)).toEqual([`${path} INVALID_NULL_OR_TYPE`]);
  });
});

describe('value types of two subgraphs that do not agree', () => {
  const subgraphs = {
    a: 'type Query { settings: [Setting] @shareable main: Setting @shareable } type Setting { name: String @shareable theme: String }',
    b: 'type Query { settings: [Setting] @shareable main: Setting @shareable } type Setting { name: String @shareable language: String }',
  };

  it('on how many there are: reported for each that is missing', async () => {
    const { data, errors } = await execute(subgraphs, '{ settings { theme language } }', {
      a: { data: { settings: [{ theme: 'dark' }, { theme: 'light' }] } },
      b: { data: { settings: [{ language: 'de' }] } },
    });
    expect(data).toEqual({
      settings: [
        { theme: 'dark', language: null },
        { theme: 'light', language: null },
      ],
    });
    const message = 'The subgraph "b" returned a list of 1 items where another subgraph returned 2.';
    const extensions = { code: MALFORMED, service: 'b' };
    expect(errors).toEqual([
      { message, path: ['settings', 0, 'language'], extensions },
      { message, path: ['settings', 1, 'language'], extensions },
    ]);
  });

  it.each([
    ['the second', { theme: 'dark' }, null, { theme: 'dark', language: null }],
    ['the first', null, { language: 'de' }, { theme: null, language: 'de' }],
  ])('on whether there is one: null is what %s may say', async (_, a, b, main) => {
    const { data, errors } = await execute(subgraphs, '{ main { theme language } }', {
      a: { data: { main: a } },
      b: { data: { main: b } },
    });
    expect(data).toEqual({ main });
    expect(errors).toEqual([]);
  });

  it('and what is missing from the one that is there is reported', async () => {
    const { errors } = await execute(subgraphs, '{ main { theme language } }', {
      a: { data: { main: null } },
      b: { data: { main: {} } },
    });
    expect(reported(errors)).toEqual([`main.language ${MALFORMED}`]);
  });
});

describe('a response that is nested deeper than the stack', () => {
  const subgraphs = {
    names: 'type Query { a: Person b: Person } type Person @key(fields: "id") { id: ID! }',
    mails:
      'scalar Any type Person @key(fields: "id") { id: ID! box: Box } type Box { any: Any } type Query { ok: Int }',
  };

  it('costs its own fields, where it has to be copied', async () => {
    const any = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const answer = await execute(subgraphs, '{ a { id box { any } } b { id box { any } } ok }', {
      names: { data: { a: { id: '1' }, b: { id: '1' } } },
      mails: ({ query }) =>
        query.includes('_entities') ? `{"data":{"_entities":[{"box":{"any":${any}}}]}}` : { data: { ok: 1 } },
    });
    expect(answer.data).toMatchObject({ a: { id: '1' }, b: { id: '1' }, ok: 1 });
    expect(answer.errors).toContainEqual(
      expect.objectContaining({
        path: ['a', 'box'],
        extensions: expect.objectContaining({ code: MALFORMED, reason: 'it is nested too deeply' }),
      }),
    );
  });
});
