import {
  buildASTSchema,
  concatAST,
  type DefinitionNode,
  type DocumentNode,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  isUnionType,
  Kind,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
  parse,
  print,
} from 'graphql';

// biome-ignore lint/suspicious/noExplicitAny: resolvers of test subgraphs are written without types on purpose
export type Resolvers = Record<string, any>;

interface Representation {
  readonly __typename: string;
}

/**
 * An executable federation subgraph: `Query._service` and `Query._entities` beside what the SDL says. Resolvers are
 * `Type.field`, `Type.__resolveReference` (also of an interface that is an entity; without one, the representation is the
 * entity) and `Interface.__resolveType` (without one, the value's own `__typename` says).
 * Throws when a resolver is for something that the SDL does not have.
 *
 * @see https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec
 */
export function buildSubgraphSchema(sdl: DocumentNode, resolvers: Resolvers = {}): GraphQLSchema {
  const document = concatAST([withDefinitions(sdl), subgraphFields(sdl)]);
  // Federation's directives mean nothing to a server that executes; composition checks them.
  const schema = buildASTSchema(document, { assumeValidSDL: true });
  attachResolvers(schema, resolvers);
  const fields = schema.getQueryType()?.getFields() ?? {};
  if (fields._service) fields._service.resolve = () => ({ sdl: print(sdl) });
  if (fields._entities) {
    fields._entities.resolve = (_parent, args, context, info) =>
      args.representations.map((representation: Representation) =>
        findEntity(resolvers, representation, context, info),
      );
  }
  return schema;
}

/** In federation 1, and for `Query`, a type may be extended that its subgraph never defines: the first extension defines it. */
function withDefinitions(sdl: DocumentNode): DocumentNode {
  const defined = new Set<string>();
  for (const node of sdl.definitions) if (isTypeDefinition(node)) defined.add(node.name.value);
  const definitions = sdl.definitions.map((node): DefinitionNode => {
    const kind = DEFINITION_OF[node.kind as keyof typeof DEFINITION_OF];
    if (kind === undefined || !('name' in node) || node.name === undefined || defined.has(node.name.value)) return node;
    defined.add(node.name.value);
    return { ...node, kind } as DefinitionNode;
  });
  return { ...sdl, definitions };
}

const DEFINITION_OF = {
  [Kind.SCALAR_TYPE_EXTENSION]: Kind.SCALAR_TYPE_DEFINITION,
  [Kind.OBJECT_TYPE_EXTENSION]: Kind.OBJECT_TYPE_DEFINITION,
  [Kind.INTERFACE_TYPE_EXTENSION]: Kind.INTERFACE_TYPE_DEFINITION,
  [Kind.UNION_TYPE_EXTENSION]: Kind.UNION_TYPE_DEFINITION,
  [Kind.ENUM_TYPE_EXTENSION]: Kind.ENUM_TYPE_DEFINITION,
  [Kind.INPUT_OBJECT_TYPE_EXTENSION]: Kind.INPUT_OBJECT_TYPE_DEFINITION,
} as const;

const DEFINITION_KINDS: ReadonlySet<string> = new Set(Object.values(DEFINITION_OF));

function isTypeDefinition(node: DefinitionNode): node is ObjectTypeDefinitionNode {
  return DEFINITION_KINDS.has(node.kind);
}

/** What the specification adds to a subgraph; `_entities` only where something can be looked up. */
function subgraphFields(sdl: DocumentNode): DocumentNode {
  const query = queryTypeName(sdl);
  const known = sdl.definitions.some((node) => isObject(node) && node.name.value === query);
  const entities = [
    ...new Set(
      sdl.definitions
        .filter(isObject)
        .filter(isEntity)
        .map((node) => node.name.value),
    ),
  ];
  const lookUp =
    entities.length === 0
      ? { types: '', field: '' }
      : {
          types: `scalar _Any union _Entity = ${entities.join(' | ')}`,
          field: '_entities(representations: [_Any!]!): [_Entity]!',
        };
  return parse(`
    ${lookUp.types}
    type _Service { sdl: String }
    ${known ? 'extend ' : ''}type ${query} { ${lookUp.field} _service: _Service! }
  `);
}

function queryTypeName(sdl: DocumentNode): string {
  for (const node of sdl.definitions) {
    if (node.kind !== Kind.SCHEMA_DEFINITION && node.kind !== Kind.SCHEMA_EXTENSION) continue;
    const query = node.operationTypes?.find(({ operation }) => operation === 'query');
    if (query) return query.type.name.value;
  }
  return 'Query';
}

function isObject(node: DefinitionNode): node is ObjectTypeDefinitionNode | ObjectTypeExtensionNode {
  return node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION;
}

/** Whether a type has a key by which it can be looked up here: `resolvable: false` says that it cannot. */
function isEntity({ directives = [] }: ObjectTypeDefinitionNode | ObjectTypeExtensionNode): boolean {
  return directives.some(
    ({ name, arguments: args = [] }) =>
      /^(federation__)?key$/.test(name.value) &&
      !args.some(
        (arg) => arg.name.value === 'resolvable' && arg.value.kind === Kind.BOOLEAN && arg.value.value === false,
      ),
  );
}

/** An error is returned, not thrown: it is this entity's alone. */
function findEntity(
  resolvers: Resolvers,
  representation: Representation,
  context: unknown,
  info: GraphQLResolveInfo,
): unknown {
  const type = info.schema.getType(representation.__typename);
  if (!isObjectType(type) && !isInterfaceType(type)) {
    return new Error(`This subgraph has no entity type "${representation.__typename}"`);
  }
  const find = resolvers[type.name]?.__resolveReference;
  try {
    const found = find ? find(representation, context, info) : representation;
    // Of an interface it is the entity that knows its type; of an object type there is no other.
    const named = (entity: unknown) =>
      isObjectType(type) && entity ? { ...(entity as object), __typename: type.name } : entity;
    return found instanceof Promise ? found.then(named) : named(found);
  } catch (error) {
    return error;
  }
}

function attachResolvers(schema: GraphQLSchema, resolvers: Resolvers): void {
  for (const [typeName, members] of Object.entries(resolvers)) {
    const type = schema.getType(typeName);
    if (!isObjectType(type) && !isInterfaceType(type) && !isUnionType(type)) {
      throw new Error(`Resolvers for "${typeName}", which is no object, interface or union of the subgraph`);
    }
    for (const [name, resolver] of Object.entries(members as Record<string, GraphQLFieldResolver<unknown, unknown>>)) {
      if (name === '__resolveReference') continue;
      if (name === '__resolveType' && !isObjectType(type)) type.resolveType = resolver as never;
      else {
        const field = isObjectType(type) ? type.getFields()[name] : undefined;
        if (!field) throw new Error(`Resolver for "${typeName}.${name}", which the subgraph does not have`);
        field.resolve = resolver;
      }
    }
  }
}
