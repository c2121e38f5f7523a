import {
  type ASTNode,
  buildASTSchema,
  type ConstDirectiveNode,
  DirectiveLocation,
  type DocumentNode,
  type GraphQLDirective,
  GraphQLError,
  getArgumentValues,
  type InputValueDefinitionNode,
  isSpecifiedDirective,
  Kind,
  parse,
  print,
  visit,
} from 'graphql';

/** The schema directives of the gateway. Schema files use them without declaring or importing them. */
const DEFINITIONS = buildASTSchema(
  parse(/* GraphQL */ `
    directive @subgraph(url: String!) on SCHEMA

    enum RateLimitAlgorithm {
      TOKEN_BUCKET
      SLIDING_WINDOW
      FIXED_WINDOW
      LEAKY_BUCKET
    }

    directive @rateLimit(
      limit: Int!
      window: String! = "1m"
      burst: Int
      by: [String!]! = ["client"]
      algorithm: RateLimitAlgorithm = TOKEN_BUCKET
      name: String
    ) repeatable on FIELD_DEFINITION | OBJECT

    enum CacheControlScope {
      PUBLIC
      PRIVATE
    }

    directive @cacheControl(
      maxAge: Int
      scope: CacheControlScope
      inheritMaxAge: Boolean
    ) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION

    directive @cacheTag(format: String!) repeatable on FIELD_DEFINITION | OBJECT

    directive @invalidates(tags: [String!]!) on FIELD_DEFINITION

    enum EventPayload {
      ENTITY
      FULL
    }

    directive @event(source: String!, topic: String!, payload: EventPayload = ENTITY) on FIELD_DEFINITION

    directive @publish(source: String!, topic: String!) on FIELD_DEFINITION
  `),
);

const DIRECTIVES = new Map(
  DEFINITIONS.getDirectives()
    .filter((directive) => !isSpecifiedDirective(directive))
    .map((directive) => [directive.name, directive]),
);

/** Names of the gateway's directives, without `@`. */
export const GATEWAY_DIRECTIVES: readonly string[] = [...DIRECTIVES.keys()];

const LOCATIONS: Readonly<Record<string, DirectiveLocation>> = {
  [Kind.SCHEMA_DEFINITION]: DirectiveLocation.SCHEMA,
  [Kind.SCHEMA_EXTENSION]: DirectiveLocation.SCHEMA,
  [Kind.OBJECT_TYPE_DEFINITION]: DirectiveLocation.OBJECT,
  [Kind.OBJECT_TYPE_EXTENSION]: DirectiveLocation.OBJECT,
  [Kind.INTERFACE_TYPE_DEFINITION]: DirectiveLocation.INTERFACE,
  [Kind.INTERFACE_TYPE_EXTENSION]: DirectiveLocation.INTERFACE,
  [Kind.UNION_TYPE_DEFINITION]: DirectiveLocation.UNION,
  [Kind.UNION_TYPE_EXTENSION]: DirectiveLocation.UNION,
  [Kind.FIELD_DEFINITION]: DirectiveLocation.FIELD_DEFINITION,
};

/** A use of a gateway directive and its coordinate: `schema`, `Type` or `Type.field`. */
export interface ExtractedDirective {
  readonly node: ConstDirectiveNode;
  readonly coordinate: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface ExtractedDirectives {
  /** The document without the directives of the gateway and their definitions. Locations stay. */
  readonly document: DocumentNode;
  readonly uses: readonly ExtractedDirective[];
  /** Uses with wrong arguments or in a wrong place. */
  readonly errors: readonly GraphQLError[];
}

/**
 * Removes the gateway's directives from an SDL document, because the composer does not support them.
 *
 * @example
 * type Query { search: [Hit!] @rateLimit(limit: 10) }
 * // document: type Query { search: [Hit!] }
 * // uses:     [{ coordinate: 'Query.search', args: { limit: 10, window: '1m', by: ['client'], … } }]
 */
export function extractGatewayDirectives(source: DocumentNode): ExtractedDirectives {
  const uses: ExtractedDirective[] = [];
  const errors: GraphQLError[] = [];
  const own = hasOwnCacheControl(source);
  const isExtracted = (directive: string) => DIRECTIVES.has(directive) && !(own && directive === 'cacheControl');
  const isExtractedEnum = (name: string) =>
    DEFINITIONS.getType(name) !== undefined && !(own && name === 'CacheControlScope');
  const document = visit(source, {
    Directive(node, _key, _parent, _path, ancestors) {
      if (!isExtracted(node.name.value)) return undefined;
      const parents = ancestors.filter((ancestor): ancestor is ASTNode => !Array.isArray(ancestor));
      try {
        uses.push(readUse(node as ConstDirectiveNode, parents));
      } catch (error) {
        if (!(error instanceof GraphQLError)) throw error;
        errors.push(error);
      }
      return null;
    },
    DirectiveDefinition: (node) => (isExtracted(node.name.value) ? null : undefined),
    EnumTypeDefinition: (node) => (isExtractedEnum(node.name.value) ? null : undefined),
    SchemaExtension: {
      leave: (node) => (node.directives?.length || node.operationTypes?.length ? undefined : null),
    },
  });
  return { document, uses, errors };
}

/**
 * Returns whether the file has a `@cacheControl` of its own: one that it composes, so that the supergraph carries it,
 * or one that has nothing in common with the gateway's.
 */
function hasOwnCacheControl({ definitions }: DocumentNode): boolean {
  return definitions.some((node) => {
    if (node.kind === Kind.DIRECTIVE_DEFINITION) {
      const isCommon = ({ name }: InputValueDefinitionNode) => name.value === 'maxAge' || name.value === 'scope';
      return node.name.value === 'cacheControl' && !node.arguments?.some(isCommon);
    }
    if (node.kind !== Kind.SCHEMA_DEFINITION && node.kind !== Kind.SCHEMA_EXTENSION) return false;
    return node.directives?.some(
      (use) => use.name.value.endsWith('composeDirective') && print(use).includes('"@cacheControl"'),
    );
  });
}

/** Reads one use. Throws `GraphQLError` at the wrong directive or argument. */
function readUse(node: ConstDirectiveNode, parents: readonly ASTNode[]): ExtractedDirective {
  const name = node.name.value;
  const definition = DIRECTIVES.get(name);
  const parent = parents.at(-1);
  if (definition === undefined || parent === undefined)
    throw new GraphQLError(`Unknown directive "@${name}".`, { nodes: node });
  const location = LOCATIONS[parent.kind];
  if (location === undefined || !definition.locations.includes(location)) {
    const allowed = definition.locations.join(' or ');
    throw new GraphQLError(`Directive "@${name}" may not be used here; it belongs on ${allowed}.`, { nodes: node });
  }
  const known = definition.args.map((arg) => arg.name);
  const unmatched = node.arguments?.find((argument) => !known.includes(argument.name.value));
  if (unmatched !== undefined) {
    const message = `Unknown argument "${unmatched.name.value}" on directive "@${name}"; it takes ${known.join(', ')}.`;
    throw new GraphQLError(message, { nodes: unmatched });
  }
  return { node, coordinate: coordinateOf(parents), args: argumentsOf(definition, node) };
}

/** Returns the values of the arguments, with defaults. Throws `GraphQLError` with the expected type. */
function argumentsOf(definition: GraphQLDirective, node: ConstDirectiveNode): Readonly<Record<string, unknown>> {
  try {
    return getArgumentValues(definition, node);
  } catch (error) {
    const wrong = error instanceof GraphQLError ? error.nodes?.[0] : undefined;
    const argument = node.arguments?.find(({ value }) => value === wrong);
    const type = definition.args.find(({ name }) => name === argument?.name.value)?.type;
    if (argument === undefined || type === undefined) throw error;
    const message = `Argument "${argument.name.value}" on directive "@${definition.name}" is ${print(argument.value)}; expected ${type}.`;
    throw new GraphQLError(message, { nodes: argument.value });
  }
}

function coordinateOf(parents: readonly ASTNode[]): string {
  const names = parents.flatMap((parent) => ('name' in parent && parent.name !== undefined ? [parent.name.value] : []));
  return names.length === 0 ? 'schema' : names.join('.');
}
