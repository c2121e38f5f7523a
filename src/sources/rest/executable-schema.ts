import {
  buildASTSchema,
  type DefinitionNode,
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  parse,
  visit,
} from 'graphql';
import type { ConnectorModel } from '../../connectors/resolvable-fields.ts';
import { keepDigits } from '../../shared/exact-scalars.ts';

/** Builds the subgraph's schema: its types, arguments and scalars. `compile-fetch.ts` says how its fields get their values. */
export function buildExecutableSchema(model: ConnectorModel): GraphQLSchema {
  return keepDigits(buildASTSchema(executableDocument(model), { assumeValid: true, assumeValidSDL: true }));
}

/** Merges the definition and the extensions of each type, removes directives, and adds federation's `_entities`. */
function executableDocument(model: ConnectorModel): DocumentNode {
  const { document } = model.connectors;
  const definitions = new Map<string, DefinitionNode>();
  for (const node of document.definitions) {
    if (node.kind === Kind.DIRECTIVE_DEFINITION || !('name' in node) || node.name === undefined) continue;
    const kind = node.kind.replace('Extension', 'Definition') as DefinitionNode['kind'];
    const known = definitions.get(node.name.value);
    definitions.set(node.name.value, known === undefined ? ({ ...node, kind } as DefinitionNode) : merge(known, node));
  }
  const bare = visit({ kind: Kind.DOCUMENT, definitions: [...definitions.values()] } satisfies DocumentNode, {
    Directive: () => null,
  });
  const roots = rootsOf(model);
  return {
    kind: Kind.DOCUMENT,
    definitions: [...withEntities(bare.definitions, model), ...parse(roots, { noLocation: true }).definitions],
  };
}

function merge(known: DefinitionNode, more: DefinitionNode): DefinitionNode {
  const merged: Record<string, unknown> = { ...known };
  for (const list of ['fields', 'interfaces', 'types', 'values'] as const) {
    const added = (more as unknown as Record<string, readonly unknown[] | undefined>)[list];
    if (added !== undefined) merged[list] = [...((merged[list] as readonly unknown[]) ?? []), ...added];
  }
  return merged as unknown as DefinitionNode;
}

function rootsOf({ schema }: ConnectorModel): string {
  const mutation = schema.types.has(schema.mutation) ? ` mutation: ${schema.mutation}` : '';
  return `schema { query: ${schema.query}${mutation} } scalar _Any`;
}

/** Adds `_entities` for every object type. The composer has decided which of them are entities. */
function withEntities(definitions: readonly DefinitionNode[], { schema }: ConnectorModel): readonly DefinitionNode[] {
  const objects = definitions.flatMap((node) => (node.kind === Kind.OBJECT_TYPE_DEFINITION ? [node.name.value] : []));
  const entities = objects.filter((name) => name !== schema.query && name !== schema.mutation);
  if (entities.length === 0) return definitions;
  const extra = parse(
    `union _Entity = ${entities.join(' | ')} type ${schema.query} { _entities(representations: [_Any!]!): [_Entity]! }`,
    { noLocation: true },
  );
  const [union, query] = extra.definitions as [DefinitionNode, DefinitionNode];
  const own = definitions.find((node) => node.kind === Kind.OBJECT_TYPE_DEFINITION && node.name.value === schema.query);
  const others = definitions.filter((node) => node !== own);
  return [...others, union, own === undefined ? query : merge(own, query)];
}
