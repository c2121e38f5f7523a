import { type DirectiveDefinitionNode, Kind, parse, type TypeNode } from 'graphql';

/** The directives of federation with their arguments. */
const DEFINITIONS = /* GraphQL */ `
  directive @key(fields: String!, resolvable: Boolean = true) on OBJECT
  directive @requires(fields: String!) on OBJECT
  directive @provides(fields: String!) on OBJECT
  directive @external(reason: String) on OBJECT
  directive @tag(name: String!) on OBJECT
  directive @extends on OBJECT
  directive @shareable on OBJECT
  directive @override(from: String!, label: String) on OBJECT
  directive @inaccessible on OBJECT
  directive @composeDirective(name: String!) on OBJECT
  directive @interfaceObject on OBJECT
  directive @authenticated on OBJECT
  directive @requiresScopes(scopes: [[String!]!]!) on OBJECT
  directive @policy(policies: [[String!]!]!) on OBJECT
  directive @cost(weight: Int!) on OBJECT
  directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on OBJECT
  directive @context(name: String!) on OBJECT
  directive @fromContext(field: String) on OBJECT
`;

const SINCE: Readonly<Record<string, number>> = {
  composeDirective: 1,
  interfaceObject: 3,
  authenticated: 5,
  requiresScopes: 5,
  policy: 6,
  context: 8,
  fromContext: 8,
  cost: 9,
  listSize: 9,
};

let read: ReadonlyMap<string, DirectiveDefinitionNode> | undefined;

function definitions(): ReadonlyMap<string, DirectiveDefinitionNode> {
  read ??= new Map(
    parse(DEFINITIONS, { noLocation: true }).definitions.flatMap((node) =>
      node.kind === Kind.DIRECTIVE_DEFINITION ? [[node.name.value, node] as const] : [],
    ),
  );
  return read;
}

/** Returns the minor version of federation 2 that introduced a directive. */
export function sinceVersion(name: string): number {
  return SINCE[name] ?? 0;
}

/** Returns whether a version of federation 2, such as `v2.3`, is older than a minor version. */
export function olderThan(version: string, minor: number): boolean {
  const own = /^v2\.(\d+)$/.exec(version)?.[1];
  return own !== undefined && Number(own) < minor;
}

/**
 * Describes how a file's definition of a directive differs from federation's in its arguments; `undefined` where uses
 * of one are valid for the other. Names of types are ignored, because files use many names for the scalars of
 * federation. Locations are ignored too, because composition checks uses for them.
 */
export function mismatchOf(own: DirectiveDefinitionNode, name: string): string | undefined {
  const known = definitions().get(name)?.arguments ?? [];
  for (const arg of own.arguments ?? []) {
    const other = known.find((candidate) => candidate.name.value === arg.name.value);
    if (!other) return `it has an argument "${arg.name.value}"`;
    if (depth(arg.type) !== depth(other.type)) return `its argument "${arg.name.value}" is a list of another depth`;
  }
  const missing = known.find(
    (arg) => arg.type.kind === Kind.NON_NULL_TYPE && !own.arguments?.some(({ name }) => name.value === arg.name.value),
  );
  return missing && `it has no argument "${missing.name.value}"`;
}

function depth(type: TypeNode): number {
  if (type.kind === Kind.NON_NULL_TYPE) return depth(type.type);
  return type.kind === Kind.LIST_TYPE ? 1 + depth(type.type) : 0;
}
