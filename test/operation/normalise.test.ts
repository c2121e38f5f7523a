import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import {
  MAX_SELECTED_FIELDS,
  normalise,
  normaliseFieldSet,
  OperationTooLargeError,
} from '../../src/operation/normalise.ts';
import type { OpField, OpSelection } from '../../src/operation/operation.ts';
import { printSelection } from '../../src/planner/print-stages.ts';
import { parseFieldSet } from '../../src/supergraph/field-set.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { composeSupergraph } from '../worlds/compose.ts';

const typeDefs = `
  type Query { me: User node: Node! named: Named hit: Hit feed(first: Int, order: String, filter: Filter): [Node!]! }
  type Mutation { rename(name: String!): User }
  input Filter { tag: String }
  interface Node { id: ID! }
  interface Named { name: String! }
  type User implements Node & Named { id: ID! name: String! friends: [User!]! pet: Pet }
  type Team implements Node & Named { id: ID! name: String! size: Int! }
  type File implements Node { id: ID! path: String! }
  type Pet { name: String! age: Int }
  union Hit = User | File
`;
const supergraph = readSupergraph(composeSupergraph(new Map([['all', typeDefs]])));

function operationOf(query: string, conditions: Record<string, unknown> = {}) {
  const document = parse(query);
  expect(validate(buildSchema(typeDefs), document)).toEqual([]);
  const [operation] = document.definitions;
  if (operation?.kind !== 'OperationDefinition') throw new Error('the operation comes first');
  return normalise(document, operation, supergraph, conditions);
}

/** The normal form as text, one field a line. */
function normal(query: string, conditions?: Record<string, unknown>): string {
  return `\n${printSelection(operationOf(query, conditions).selection)}`;
}

function fieldAt(selection: OpSelection, index = 0): OpField {
  const item = selection.items[index];
  if (item?.kind !== 'field') throw new Error('no field there');
  return item;
}

describe('fragments', () => {
  it('are written into the selections that spread them', () => {
    expect(
      normal('{ me { id ...A } } fragment A on User { name pet { ...B } } fragment B on Pet { age }'),
    ).toMatchInlineSnapshot(`
      "
      me
        id
        name
        pet
          age
      "
    `);
  });

  it('spread twice count once', () => {
    expect(normal('{ me { ...A ...A friends { ...A } } } fragment A on User { name }')).toMatchInlineSnapshot(`
      "
      me
        name
        friends
          name
      "
    `);
  });

  it('on the type itself, or on a wider one, say nothing', () => {
    expect(normal('{ me { ... on User { id } ... on Node { id } ... { name } } }')).toMatchInlineSnapshot(`
      "
      me
        id
        name
      "
    `);
  });

  it('on a narrower type narrow', () => {
    expect(normal('{ node { id ... on User { name } } }')).toMatchInlineSnapshot(`
      "
      node
        id
        ... on User
          name
      "
    `);
  });

  it('on a type that cannot be there are dropped', () => {
    expect(normal('{ hit { ... on Node { ... on Team { size } ... on File { path } } } }')).toMatchInlineSnapshot(`
      "
      hit
        ... on File
          path
      "
    `);
  });

  it('on a type that only overlaps narrow to each object type that both may be', () => {
    expect(normal('{ node { ... on Named { name } } hit { ... on Named { name } } }')).toMatchInlineSnapshot(`
      "
      node
        ... on Named
          name
      hit
        ... on User
          name
      "
    `);
  });

  it('that follow each other on one type are one', () => {
    expect(normal('{ node { ... on User { id } ... on User { name } } }')).toMatchInlineSnapshot(`
      "
      node
        ... on User
          id
          name
      "
    `);
  });

  it('between which something else stands keep their order', () => {
    expect(normal('{ node { ... on User { name } id ... on User { pet { age } } } }')).toMatchInlineSnapshot(`
      "
      node
        ... on User
          name
        id
        ... on User
          pet
            age
      "
    `);
  });
});

describe('fields of one response key', () => {
  it('are merged at the place where the key appears first', () => {
    expect(normal('{ me { pet { age } id pet { name } } me { name } }')).toMatchInlineSnapshot(`
      "
      me
        pet
          age
          name
        id
        name
      "
    `);
  });

  it('are other fields under other keys', () => {
    expect(normal('{ me { a: name b: name name } }')).toMatchInlineSnapshot(`
      "
      me
        a: name
        b: name
        name
      "
    `);
  });

  it('are merged through fragments', () => {
    expect(normal('{ ...A me { id } } fragment A on Query { me { pet { name } } }')).toMatchInlineSnapshot(`
      "
      me
        pet
          name
        id
      "
    `);
  });
});

describe('@skip and @include', () => {
  const query = `query ($a: Boolean!, $b: Boolean!) {
    me { id name @include(if: $a) pet @skip(if: $b) { age } ... @include(if: $b) { friends { id } } ...F @skip(if: $a) }
  }
  fragment F on User { again: id }`;

  it('are decided by the variables', () => {
    expect(normal(query, { a: true, b: false })).toMatchInlineSnapshot(`
      "
      me
        id
        name
        pet
          age
      "
    `);
    expect(normal(query, { a: false, b: true })).toMatchInlineSnapshot(`
      "
      me
        id
        friends
          id
        again: id
      "
    `);
  });

  it('are decided by constants', () => {
    expect(normal('{ me { id @skip(if: false) name @include(if: false) } }')).toMatchInlineSnapshot(`
      "
      me
        id
      "
    `);
  });

  it('must both agree', () => {
    expect(normal('{ me { id name @include(if: true) @skip(if: true) } }')).toMatchInlineSnapshot(`
      "
      me
        id
      "
    `);
  });

  it('do not end a fragment that is spread again without them', () => {
    expect(normal('{ me { ...A @skip(if: true) ...A } } fragment A on User { name }')).toMatchInlineSnapshot(`
      "
      me
        name
      "
    `);
  });

  it('may leave nothing', () => {
    expect(normal('{ me @skip(if: true) { id } }')).toBe('\n');
  });
});

describe('a field', () => {
  it('has its own type and that of the type around it', () => {
    const { selection } = operationOf('{ node { id } }');
    expect(fieldAt(selection)).toMatchObject({ name: 'node', namedType: 'Node', type: { kind: 'NonNullType' } });
    expect(fieldAt(selection).selection).toMatchObject({ parentType: 'Node' });
  });

  it('`__typename` is a string that is never null', () => {
    expect(fieldAt(operationOf('{ type: __typename }').selection)).toMatchObject({
      responseKey: 'type',
      name: '__typename',
      namedType: 'String',
      type: { kind: 'NonNullType' },
    });
  });

  it.each([
    ['{ feed { id } }', ''],
    ['{ feed(first: 5) { id } }', 'first:5'],
    ['query ($n: Int) { feed(order: "asc", first: $n) { id } }', 'first:$n,order:"asc"'],
    ['query ($n: Int) { feed(first: $n, order: "asc") { id } }', 'first:$n,order:"asc"'],
    ['{ feed(filter: { tag: "a" }) { id } }', 'filter:{tag: "a"}'],
  ])('%s has the arguments key %j', (query, key) => {
    expect(fieldAt(operationOf(query).selection).argsKey).toBe(key);
  });
});

describe('the operation', () => {
  it('keeps its kind, name and variables', () => {
    const operation = operationOf('mutation Rename($n: String!) { rename(name: $n) { id } }');
    expect(operation).toMatchObject({ kind: 'mutation', name: 'Rename', variables: [{ kind: 'VariableDefinition' }] });
    expect(operation.selection.parentType).toBe('Mutation');
  });

  it('of a kind that the supergraph has no type for is refused', () => {
    const document = parse('subscription { me { id } }');
    const [operation] = document.definitions;
    if (operation?.kind !== 'OperationDefinition') throw new Error('no operation');
    expect(() => normalise(document, operation, supergraph, {})).toThrow('The supergraph has no subscription type');
  });
});

describe('what fragments blow up', () => {
  /** `F0` spreads `F1` under two keys, that spreads `F2` under two keys…: 2^depth leaves out of a few lines. */
  function bomb(depth: number): string {
    const parts = ['{ me { ...F0 } }'];
    for (let i = 0; i < depth; i++) {
      parts.push(`fragment F${i} on User { a: friends { ...F${i + 1} } b: friends { ...F${i + 1} } }`);
    }
    return `${parts.join('\n')}\nfragment F${depth} on User { id }`;
  }

  it('is refused above a number of fields', () => {
    expect(() => operationOf(bomb(30))).toThrow(OperationTooLargeError);
    expect(() => operationOf(bomb(30))).toThrow(`more than ${MAX_SELECTED_FIELDS} fields`);
  });

  it('is counted as expanded, not as written', () => {
    const items = [...Array(MAX_SELECTED_FIELDS - 1).keys()].map((i) => `k${i}: id`).join(' ');
    expect(fieldAt(operationOfText(`{ me { ${items} } }`).selection).selection?.items).toHaveLength(
      MAX_SELECTED_FIELDS - 1,
    );
    expect(() => operationOfText(`{ me { ${items} more: id } }`)).toThrow(OperationTooLargeError);
  });

  it('stays as small as it is where spreads repeat the same keys', () => {
    const spreads = (to: string) => Array(20).fill(`...${to}`).join(' ');
    const parts = [`{ me { ${spreads('F0')} } }`];
    for (let i = 0; i < 20; i++) parts.push(`fragment F${i} on User { ${spreads(`F${i + 1}`)} }`);
    parts.push('fragment F20 on User { id }');
    expect(`\n${printSelection(operationOfText(parts.join('\n')).selection)}`).toBe('\nme\n  id\n');
  });
});

/** Without validation, which is slow on texts as large as these. */
function operationOfText(query: string) {
  const document = parse(query);
  const [operation] = document.definitions;
  if (operation?.kind !== 'OperationDefinition') throw new Error('the operation comes first');
  return normalise(document, operation, supergraph, {});
}

describe('a field set', () => {
  it('is brought into the same form', () => {
    const set = parseFieldSet('id pet { name } ... on User { name }');
    expect(`\n${printSelection(normaliseFieldSet(set, 'User', supergraph))}`).toMatchInlineSnapshot(`
      "
      id
      pet
        name
      name
      "
    `);
  });

  it('on an interface narrows', () => {
    const set = parseFieldSet('id ... on User { pet { age } }');
    expect(`\n${printSelection(normaliseFieldSet(set, 'Node', supergraph))}`).toMatchInlineSnapshot(`
      "
      id
      ... on User
        pet
          age
      "
    `);
  });
});
