import { lexicographicSortSchema, parse, printSchema, validateSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { runToEnd } from '../../src/shared/steps.ts';
import { buildPublicSchema } from '../../src/supergraph/public-schema.ts';
import { joined } from './join.ts';

function publicSchemaOf(sdl: string) {
  return runToEnd(buildPublicSchema(parse(sdl)));
}

function shown(types: string): string {
  return `\n${printSchema(lexicographicSortSchema(publicSchemaOf(joined(types))))}\n`;
}

describe('the public schema', () => {
  it('is the supergraph without its machinery', () => {
    expect(
      shown(`
        scalar join__FieldSet
        scalar link__Import
        directive @join__type(graph: join__Graph!) on OBJECT
        type Query @join__type(graph: A) {
          "Says hello."
          hello(name: String = "you" @deprecated(reason: "say who")): String @join__field(graph: A) @tag(name: "x")
          old: Int @deprecated(reason: "use new")
        }
        scalar Url @specifiedBy(url: "https://url.spec.whatwg.org") @join__type(graph: A)
      `),
    ).toMatchInlineSnapshot(`
      "
      type Query {
        """Says hello."""
        hello(name: String = "you" @deprecated(reason: "say who")): String
        old: Int @deprecated(reason: "use new")
      }

      scalar Url @specifiedBy(url: "https://url.spec.whatwg.org")
      "
    `);
  });

  it('is a valid schema', () => {
    const schema = publicSchemaOf(joined('type Query { a: Int }'));
    expect(validateSchema(schema)).toEqual([]);
  });

  it('keeps directives that clients may use in operations, and no others', () => {
    const printed = shown(`
      directive @live(every: Int) on QUERY | FIELD
      directive @tag(name: String!) repeatable on FIELD_DEFINITION
      type Query { a: Int @tag(name: "x") }
    `);
    expect(printed).toContain('directive @live');
    expect(printed).not.toContain('@tag');
  });

  it('has nothing of what is @inaccessible', () => {
    expect(
      shown(`
        type Query { open: Open secret: Secret hidden: Int @inaccessible find(by: Filter, how: Int @inaccessible): Thing }
        type Open implements Node & Inner { id: ID! note: String @inaccessible }
        type Secret implements Node @inaccessible { id: ID! }
        interface Node { id: ID! }
        interface Inner @inaccessible { id: ID! }
        union Thing = Open | Secret
        input Filter { text: String = "" debug: Boolean @inaccessible trace: Trace }
        input Trace @inaccessible { on: Boolean }
        enum Order { UP DOWN INTERNAL @inaccessible }
        scalar Raw @inaccessible
      `),
    ).toMatchInlineSnapshot(`
      "
      input Filter {
        text: String = ""
      }

      interface Node {
        id: ID!
      }

      type Open implements Node {
        id: ID!
      }

      enum Order {
        DOWN
        UP
      }

      type Query {
        find(by: Filter): Thing
        open: Open
      }

      union Thing = Open
      "
    `);
  });

  it('follows the name under which @inaccessible was linked', () => {
    const sdl = joined('type Query { a: Int b: Int @hidden }').replace(
      'inaccessible/v0.2", for: SECURITY',
      'inaccessible/v0.2", as: "hidden", for: SECURITY',
    );
    expect(Object.keys(publicSchemaOf(sdl).getQueryType()?.getFields() ?? {})).toEqual(['a']);
  });
});
