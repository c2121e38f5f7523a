import { print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { readSupergraph, SupergraphError } from '../../src/supergraph/supergraph.ts';
import { fieldOf, joined, subgraphOf, typeOf } from './join.ts';

describe('subgraphs', () => {
  const supergraph = readSupergraph(
    joined('type Query @join__type(graph: A) @join__type(graph: B) { a: String @join__field(graph: A) }'),
  );

  it('have an id, the name that people know, and an address', () => {
    expect(supergraph.subgraphs.map(({ id, name, url }) => ({ id, name, url }))).toEqual([
      { id: 'A', name: 'a', url: 'http://a.test/graphql' },
      { id: 'B', name: 'b', url: 'http://b.test/graphql' },
    ]);
  });

  it('see their own fields only', () => {
    expect([...typeOf(supergraph, 'a', 'Query').fields.keys()]).toEqual(['a']);
    expect([...typeOf(supergraph, 'b', 'Query').fields.keys()]).toEqual([]);
  });

  it('know nothing of the machinery', () => {
    expect([...supergraph.types.keys()]).toEqual(['Query']);
    expect(supergraph.publicSchema.getType('join__Graph')).toBeUndefined();
  });
});

describe('fields', () => {
  const supergraph = readSupergraph(
    joined(`
      type Query @join__type(graph: A) { product: Product best: [Product!] @join__field(graph: A) }
      type Product @join__type(graph: A, key: "id") @join__type(graph: B, key: "id") {
        id: ID!
        name: String @join__field(graph: A, type: "String!") @join__field(graph: B, type: "String")
        price: Int @join__field(graph: A) @join__field(graph: B, external: true)
        tax: Int @join__field(graph: B, requires: "price")
        maker: Maker @join__field(graph: A, provides: "name")
      }
      type Maker @join__type(graph: A) { name: String }
    `),
  );

  it('without @join__field are in every subgraph of their type', () => {
    expect(print(fieldOf(supergraph, 'a', 'Product.id').type)).toBe('ID!');
    expect(print(fieldOf(supergraph, 'b', 'Product.id').type)).toBe('ID!');
  });

  it('have the type that the subgraph itself declares', () => {
    expect(print(fieldOf(supergraph, 'a', 'Product.name').type)).toBe('String!');
    expect(print(fieldOf(supergraph, 'b', 'Product.name').type)).toBe('String');
    expect(fieldOf(supergraph, 'a', 'Query.best').namedType).toBe('Product');
  });

  it('are external where they are resolved elsewhere', () => {
    expect(fieldOf(supergraph, 'b', 'Product.price').external).toBe(true);
    expect(fieldOf(supergraph, 'a', 'Product.price').external).toBe(false);
  });

  it('carry what they require and provide, as selection sets', () => {
    expect(print(fieldOf(supergraph, 'b', 'Product.tax').requires ?? fail())).toBe('{\n  price\n}');
    expect(print(fieldOf(supergraph, 'a', 'Product.maker').provides ?? fail())).toBe('{\n  name\n}');
    expect(fieldOf(supergraph, 'a', 'Product.maker').requires).toBeUndefined();
  });
});

function fail(): never {
  throw new Error('no field set');
}

describe('keys', () => {
  const supergraph = readSupergraph(
    joined(`
      type Query @join__type(graph: A) { x: X }
      type X @join__type(graph: A, key: "id") @join__type(graph: A, key: "sku region { code }")
        @join__type(graph: B, key: "id", resolvable: false) { id: ID! sku: ID @join__field(graph: A) region: Region @join__field(graph: A) }
      type Region @join__type(graph: A) { code: String }
    `),
  );

  it('may be several, each a field set', () => {
    const keys = typeOf(supergraph, 'a', 'X').keys.map((key) => print(key.fields).replaceAll(/\s+/g, ' '));
    expect(keys).toEqual(['{ id }', '{ sku region { code } }']);
  });

  it('may be there without letting anyone look up by them', () => {
    expect(typeOf(supergraph, 'b', 'X').keys).toMatchObject([{ resolvable: false }]);
    expect(typeOf(supergraph, 'a', 'X').keys).toMatchObject([{ resolvable: true }, { resolvable: true }]);
  });
});

describe('@override', () => {
  const supergraph = readSupergraph(
    joined(`
      type Query @join__type(graph: A) @join__type(graph: B) {
        x: X @join__field(graph: A)
        root: Int @join__field(graph: A) @join__field(graph: B, override: "a", overrideLabel: "percent(5)")
      }
      type X @join__type(graph: A, key: "id") @join__type(graph: B, key: "id") {
        id: ID!
        moved: Int @join__field(graph: A, usedOverridden: true) @join__field(graph: B, override: "a")
        moving: Int
          @join__field(graph: A, overrideLabel: "percent(5)")
          @join__field(graph: B, override: "a", overrideLabel: "percent(5)")
      }
    `),
  );

  it('leaves a field that is still declared, but not resolved', () => {
    expect(fieldOf(supergraph, 'a', 'X.moved')).toMatchObject({ external: true, overrideLabel: undefined });
    expect(fieldOf(supergraph, 'b', 'X.moved')).toMatchObject({ external: false, overrideLabel: undefined });
  });

  it('with a label is on in one subgraph exactly when it is off in the other', () => {
    expect(fieldOf(supergraph, 'b', 'X.moving').overrideLabel).toEqual({ label: 'percent(5)', resolvedWhen: true });
    expect(fieldOf(supergraph, 'a', 'X.moving').overrideLabel).toEqual({ label: 'percent(5)', resolvedWhen: false });
  });

  it('of a root field that has the label only where it moves to is off in the other, too', () => {
    expect(fieldOf(supergraph, 'b', 'Query.root').overrideLabel).toEqual({ label: 'percent(5)', resolvedWhen: true });
    expect(fieldOf(supergraph, 'a', 'Query.root').overrideLabel).toEqual({ label: 'percent(5)', resolvedWhen: false });
  });
});

describe('abstract types', () => {
  const supergraph = readSupergraph(
    joined(`
      type Query @join__type(graph: A) @join__type(graph: B) { hit: Hit }
      union Hit @join__type(graph: A) @join__type(graph: B)
        @join__unionMember(graph: A, member: "Book") @join__unionMember(graph: A, member: "Film")
        @join__unionMember(graph: B, member: "Book") = Book | Film
      interface Medium @join__type(graph: A, key: "id") @join__type(graph: B, key: "id", isInterfaceObject: true) {
        id: ID!
        stars: Int @join__field(graph: B)
      }
      type Book implements Medium @join__implements(graph: A, interface: "Medium")
        @join__type(graph: A, key: "id") @join__type(graph: B) { id: ID! stars: Int @join__field }
      type Film implements Medium @join__implements(graph: A, interface: "Medium")
        @join__type(graph: A, key: "id") { id: ID! stars: Int @join__field }
    `),
  );

  it('have the object types that each subgraph knows of', () => {
    expect([...typeOf(supergraph, 'a', 'Hit').possible]).toEqual(['Book', 'Film']);
    expect([...typeOf(supergraph, 'b', 'Hit').possible]).toEqual(['Book']);
    expect([...typeOf(supergraph, 'a', 'Medium').possible]).toEqual(['Book', 'Film']);
    expect([...(supergraph.types.get('Medium')?.possible ?? [])]).toEqual(['Book', 'Film']);
  });

  it('may be an object in one of the subgraphs', () => {
    expect(typeOf(supergraph, 'a', 'Medium').kind).toBe('interface');
    expect(typeOf(supergraph, 'b', 'Medium')).toMatchObject({ kind: 'interfaceObject', keys: [{ resolvable: true }] });
  });

  it('give fields to their types that no subgraph resolves on the type itself', () => {
    expect(supergraph.types.get('Film')?.fields.get('stars')?.namedType).toBe('Int');
    expect(typeOf(supergraph, 'a', 'Film').fields.has('stars')).toBe(false);
  });
});

describe('root types', () => {
  it('are those that the schema names', () => {
    const sdl = joined(
      'type RootQuery @join__type(graph: A) { a: Int } type RootMutation @join__type(graph: A) { b: Int }',
    );
    const renamed = sdl.replace('{ query: Query }', '{ query: RootQuery mutation: RootMutation }');
    expect(readSupergraph(renamed).rootTypes).toEqual({ query: 'RootQuery', mutation: 'RootMutation' });
  });
});

describe('what is no supergraph', () => {
  it.each([
    ['garbage', 'type Query {', /^The supergraph cannot be parsed \(1:13\): Syntax Error/],
    ['JSON', '{"data": null}', /^The supergraph cannot be parsed \(1:2\)/],
    ['nothing', '', /^The supergraph cannot be parsed \(1:1\): Syntax Error: Unexpected <EOF>/],
    ['a plain schema', 'type Query { a: Int }', /no "join__Graph" enum that names the subgraphs\.$/],
    [
      'a subgraph',
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"]) type Query { a: Int }',
      /It looks like a subgraph: put it into the schemas folder/,
    ],
  ])('%s is refused with advice', (_, sdl, message) => {
    expect(() => readSupergraph(sdl)).toThrow(SupergraphError);
    expect(() => readSupergraph(sdl)).toThrow(message);
  });
});

describe('subgraphs without a type', () => {
  it('do not see it', () => {
    const sdl = joined('type Query @join__type(graph: A) { x: X } type X @join__type(graph: A) { a: Int }');
    expect(subgraphOf(readSupergraph(sdl), 'b').types.size).toBe(0);
  });
});
