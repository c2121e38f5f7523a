import {
  buildASTSchema,
  type DefinitionNode,
  type DocumentNode,
  type GraphQLFieldResolver,
  GraphQLInterfaceType,
  GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  GraphQLUnionType,
  getNamedType,
  isCompositeType,
  isNonNullType,
  Kind,
  parse,
  visit,
} from 'graphql';
import type { Connector } from '../../../../src/connectors/connector.ts';
import { returnedFields } from '../../../../src/connectors/entity-lookups.ts';
import { emptyObject, isObject, type Json, property } from '../../../../src/connectors/mapping/json.ts';
import { type ConnectorModel, lookupsWithin } from '../../../../src/connectors/resolvable-fields.ts';
import { keepDigits } from '../../../../src/shared/exact-scalars.ts';
import { isNotFound } from '../../../../src/sources/rest/load-entities.ts';
import type { RestContext } from '../../../../src/sources/rest/rest-context.ts';
import { RestError } from '../../../../src/sources/rest/rest-failure.ts';
import { addMissingFields, addMissingSubfields } from './missing-fields-of-lists.ts';
import { selectedFieldsOf } from './selected-fields-of-info.ts';

type Resolver = GraphQLFieldResolver<Json, RestContext, Record<string, Json>>;

/** Builds the subgraph's schema with a resolver for each field: it runs connectors, or reads the parent object. */
export function buildExecutableSchema(model: ConnectorModel): GraphQLSchema {
  const schema = buildASTSchema(executableDocument(model), { assumeValid: true, assumeValidSDL: true });
  for (const type of Object.values(schema.getTypeMap())) {
    if (type instanceof GraphQLObjectType && !type.name.startsWith('__')) setResolvers(type, model);
    if (type instanceof GraphQLInterfaceType || type instanceof GraphQLUnionType) type.resolveType = typeNameOf;
  }
  return keepDigits(schema);
}

function setResolvers(type: GraphQLObjectType, model: ConnectorModel): void {
  const isRoot = type.name === model.schema.query || type.name === model.schema.mutation;
  if (!isRoot) type.isTypeOf = isObject;
  for (const field of Object.values(type.getFields())) {
    const named = getNamedType(field.type);
    const connectors = model.byCoordinate.get(`${type.name}.${field.name}`);
    if (isRoot && field.name === '_entities')
      field.resolve = entitiesResolver(model) as GraphQLFieldResolver<unknown, unknown>;
    else if (connectors !== undefined)
      field.resolve = connectorResolver(connectors, model) as GraphQLFieldResolver<unknown, unknown>;
    else if (isCompositeType(named))
      field.resolve = objectResolver(type.name, field.name, named.name, model) as GraphQLFieldResolver<
        unknown,
        unknown
      >;
    else field.resolve = readOwn;
  }
}

function readOwn(source: unknown, _args: unknown, _context: unknown, info: GraphQLResolveInfo): Json {
  return property(source, info.fieldName);
}

function objectResolver(owner: string, field: string, typeName: string, model: ConnectorModel): Resolver {
  const within = lookupsWithin(model, owner, field);
  if (within.length === 0) {
    return (source, _args, context, info) =>
      addMissingFields(model, context, typeName, property(source, info.fieldName), selectedFieldsOf(model, info));
  }
  return async (source, _args, context, info) => {
    const wanted = selectedFieldsOf(model, info);
    const value = await addMissingFields(model, context, typeName, property(source, field), wanted);
    return isObject(source) && isObject(value)
      ? addMissingSubfields(context, within, { source, field, value }, wanted(typeName))
      : value;
  };
}

/** Returns a resolver that runs the connectors of a field, and adds further selected fields to its objects. */
function connectorResolver(connectors: readonly Connector[], model: ConnectorModel): Resolver {
  const provided = connectors.map((connector) => returnedFields(connector));
  return async (source, args, context, info) => {
    const named = getNamedType(info.returnType).name;
    const wanted = selectedFieldsOf(model, info);
    const names = connectors.length > 1 ? wanted(named) : [];
    // of several connectors, those that provide a selected field; if none does, the first
    const needed = connectors.filter((_, at) => names.some((name) => provided[at]?.has(name)));
    const running = (needed.length > 0 ? needed : connectors.slice(0, 1)).map((connector) =>
      runFieldConnector(connector, source, args, context, info),
    );
    const [value, ...more] = await Promise.all(running);
    const whole = more.length === 0 || !isObject(value) ? value : Object.assign(emptyObject(), ...more, value);
    return addMissingFields(model, context, named, whole, wanted);
  };
}

async function runFieldConnector(
  connector: Connector,
  source: Json,
  args: Record<string, Json>,
  context: RestContext,
  { returnType }: GraphQLResolveInfo,
): Promise<Json> {
  try {
    return await context.run(connector, { $args: args, $this: source });
  } catch (error) {
    const isNothing = (connector.entity && isNotFound(error)) || (error instanceof RestError && error.isNullReference);
    if (isNothing && !isNonNullType(returnType)) return null;
    throw error;
  }
}

function entitiesResolver(model: ConnectorModel): Resolver {
  return (_source, args, context, info) => {
    const wanted = selectedFieldsOf(model, info);
    return (args.representations as readonly Record<string, Json>[]).map((representation) => {
      // fields beside the key come from `@requires`: they do not prove that the entity exists
      const entity = addMissingFields(model, context, String(representation.__typename), representation, wanted, true);
      if (entity instanceof Promise) {
        entity.catch(() => undefined);
        return entity.then((found) =>
          isObject(found) ? Object.assign(found, { __typename: representation.__typename }) : found,
        );
      }
      return entity;
    });
  };
}

function typeNameOf(value: unknown): string | undefined {
  const name = property(value, '__typename');
  return typeof name === 'string' ? name : undefined;
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
