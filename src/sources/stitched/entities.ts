import { createMergedTypeResolver, type IStitchSchemasOptions } from '@graphql-tools/stitch';
import {
  GraphQLError,
  type GraphQLNamedType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  type SelectionSetNode,
} from 'graphql';
import type { Lookup } from '../../services/service.ts';
import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import { ErrorCollector } from './collect-errors.ts';
import { entitySelection } from './entity-selection.ts';
import { KEY_ALIAS, matchKeys } from './match-keys.ts';
import type { EntityMerge } from './merge-config.ts';
import type { StitchedContext } from './upstream.ts';

/** The configuration of a service for `stitchSchemas`. */
export type Subschema = Exclude<NonNullable<IStitchSchemasOptions['subschemas']>[number], GraphQLSchema>;

type Representation = Readonly<Record<string, unknown>> & { readonly __typename: string };

/** Finds entities of one type with one look-up. */
interface EntityLookup {
  readonly lookup: Lookup;
  /** Fields that a representation must have for it. */
  readonly needs: readonly string[];
  keyOf(representation: Representation): unknown;
  /** Returns for each key an object, null, or an `Error`. */
  find(keys: readonly unknown[], context: StitchedContext, info: GraphQLResolveInfo, set: SelectionSetNode): unknown;
}

/** Representations that go to the same look-up. */
interface Group {
  readonly type: string;
  readonly entityLookup: EntityLookup;
  readonly indexes: number[];
  readonly keys: unknown[];
}

/**
 * Creates the resolver of `Query._entities`. It uses for each representation a look-up whose key it has. Stitching merges
 * representations with the same look-up into one field, removes duplicates, and sends all fields in one request.
 */
export function createEntitiesResolver(schema: GraphQLSchema, subschema: Subschema, merges: readonly EntityMerge[]) {
  const byType = new Map<string, EntityLookup[]>();
  for (const merge of merges) {
    byType.set(merge.type, [...(byType.get(merge.type) ?? []), createEntityLookup(schema, subschema, merge)]);
  }
  return async (
    _: unknown,
    args: { readonly representations: readonly Representation[] },
    context: StitchedContext,
    info: GraphQLResolveInfo,
  ): Promise<unknown[]> => {
    const collector = new ErrorCollector(context.errors, context.reported);
    const used = new Set<unknown>();
    const entities = new Array<unknown>(args.representations.length).fill(null);
    const { groups, refused } = groupByLookup(args.representations, byType);
    for (const [index, error] of refused) collector.collect(error, { path: [info.path.key, index], inList: false });
    await Promise.all(
      groups.map(async (group) => {
        const found = await findGroup(group, context, info);
        for (const [place, index] of group.indexes.entries()) {
          const path = [info.path.key, index];
          const value = found[place];
          const failed = context.located.length > 0 || value instanceof Error;
          const entity = failed ? collector.collect(value, { path, inList: true }) : value;
          entities[index] = isOf(entity, group) ? unshared(entity, used) : null;
        }
      }),
    );
    return entities;
  };
}

function groupByLookup(
  representations: readonly Representation[],
  byType: ReadonlyMap<string, readonly EntityLookup[]>,
): { groups: Group[]; refused: Map<number, Error> } {
  const groups = new Map<EntityLookup, Group>();
  const refused = new Map<number, Error>();
  for (const [index, representation] of representations.entries()) {
    const type = representation.__typename;
    const known = byType.get(type);
    const entityLookup = known?.find(({ needs }) => needs.every((field) => hasValue(representation[field])));
    if (!entityLookup) {
      refused.set(index, noLookup(type, known));
      continue;
    }
    const group = groups.get(entityLookup) ?? { type, entityLookup, indexes: [], keys: [] };
    groups.set(entityLookup, group);
    group.indexes.push(index);
    group.keys.push(entityLookup.keyOf(representation));
  }
  return { groups: [...groups.values()], refused };
}

function hasValue(value: unknown): boolean {
  return value !== undefined && value !== null;
}

async function findGroup(
  group: Group,
  context: StitchedContext,
  info: GraphQLResolveInfo,
): Promise<readonly unknown[]> {
  const { type, entityLookup, keys } = group;
  const set = entitySelection(type, entityLookup.lookup, info);
  const found: unknown = await entityLookup.find(keys, context, info, set);
  return Array.isArray(found) ? found : keys.map(() => found);
}

/** Returns a copy of an entity that another representation got already: the executor merges into entities. */
function unshared(entity: unknown, used: Set<unknown>): unknown {
  if (used.has(entity)) return structuredCopy(entity);
  used.add(entity);
  return entity;
}

function structuredCopy(value: unknown): unknown {
  return parseJson(stringifyJson(value) ?? 'null');
}

/** Returns whether an entity has the expected type: a look-up of an interface may find an object of another type by the same key. */
function isOf(entity: unknown, { type, entityLookup }: Group): boolean {
  if (typeof entity !== 'object' || entity === null) return false;
  const object = entity as Record<string, unknown>;
  delete object[KEY_ALIAS];
  return !entityLookup.lookup.abstract || object.__typename === type;
}

function noLookup(type: string, lookups: readonly EntityLookup[] | undefined): GraphQLError {
  const keys = lookups?.map(({ lookup }) => `"${lookup.keyFields}"`).join(' or ');
  return new GraphQLError(
    keys === undefined
      ? `There is no look-up for the type "${type}".`
      : `An entity of type "${type}" needs the key ${keys}, which its representation does not have.`,
  );
}

function createEntityLookup(schema: GraphQLSchema, subschema: Subschema, merge: EntityMerge): EntityLookup {
  const { lookup, fieldName, argsFromKeys, keyOf, needs } = merge;
  const returned = schema.getQueryType()?.getFields()[fieldName]?.type;
  const type: GraphQLNamedType | undefined = returned && getNamedType(returned);
  const matchBy = lookup.list ? lookup.matchBy : undefined;
  const resolve = createMergedTypeResolver({
    fieldName,
    argsFromKeys,
    valuesFromResults: (results: unknown, keys: readonly unknown[]) => matchKeys(results, keys, lookup.field, matchBy),
  });
  if (!resolve || !type) throw new Error(`"${lookup.field}" cannot be stitched`);
  return {
    lookup,
    needs,
    keyOf,
    find: (keys, context, info, set) =>
      resolve(undefined, context as never, info, subschema as never, set, keys, type as never),
  };
}
