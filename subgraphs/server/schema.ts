import { buildASTSchema, concatAST, type DocumentNode, type GraphQLSchema, isObjectType, parse, print } from 'graphql';

/** `(parent, args) => value`, as plain as it looks; its author states the types of its parent and arguments. */
export type Resolver = (parent: never, args: never) => unknown;

/** Type name → field name → resolver. Fields that are properties of their parent need none. */
export type Resolvers = Readonly<Record<string, Readonly<Record<string, Resolver>>>>;

/** Type name → finds the entity that a representation (`{__typename, …key fields}`) means; null if there is none. */
export type EntityResolvers = Readonly<Record<string, (representation: never) => object | null>>;

export interface ServiceDefinition {
  readonly sdl: DocumentNode;
  readonly resolvers: Resolvers;
  readonly entities?: EntityResolvers;
}

interface Representation {
  readonly __typename: string;
}

/**
 * An executable schema. With `entities`, it is a federation subgraph: `Query._service` and `Query._entities` are added
 * as the subgraph specification says (https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec).
 * Throws when a resolver is for a field or type that the SDL does not have.
 */
export function buildServiceSchema(definition: ServiceDefinition): GraphQLSchema {
  const { sdl, resolvers, entities } = definition;
  // Federation's directives mean nothing to a server that executes, so they are left undefined: composition checks them.
  if (!entities) return attachResolvers(buildASTSchema(sdl), resolvers);
  const document = concatAST([sdl, subgraphFields(Object.keys(entities))]);
  const schema = buildASTSchema(document, { assumeValidSDL: true });
  const sdlText = print(sdl);
  attachResolvers(schema, resolvers);
  return attachResolvers(schema, {
    Query: {
      _service: () => ({ sdl: sdlText }),
      _entities: (_: unknown, args: { representations: readonly Representation[] }) =>
        args.representations.map((representation) => findEntity(entities, representation)),
    },
  });
}

function subgraphFields(entityNames: readonly string[]): DocumentNode {
  return parse(`
    scalar _Any
    union _Entity = ${entityNames.join(' | ')}
    type _Service { sdl: String }
    extend type Query {
      _entities(representations: [_Any!]!): [_Entity]!
      _service: _Service!
    }
  `);
}

/** An error is returned, not thrown: it is this entity's alone. */
function findEntity(entities: EntityResolvers, representation: Representation): object | null {
  const find = entities[representation.__typename] as ((representation: Representation) => object | null) | undefined;
  if (!find) return new Error(`This subgraph has no entity type "${representation.__typename}"`);
  const entity = find(representation);
  return entity && { ...entity, __typename: representation.__typename };
}

function attachResolvers(schema: GraphQLSchema, resolvers: Resolvers): GraphQLSchema {
  for (const [typeName, fields] of Object.entries(resolvers)) {
    const type = schema.getType(typeName);
    if (!isObjectType(type)) throw new Error(`Resolvers for "${typeName}", which is no object type of the schema`);
    for (const [fieldName, resolver] of Object.entries(fields)) {
      const field = type.getFields()[fieldName];
      if (!field) throw new Error(`Resolver for "${typeName}.${fieldName}", which the schema does not have`);
      field.resolve = (parent, args) => resolver(parent as never, args as never);
    }
  }
  return schema;
}
