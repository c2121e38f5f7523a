import { type GraphQLNamedType, type GraphQLSchema, isEnumType, isInputObjectType } from 'graphql';
import type { Endpoint } from '../endpoints/endpoints.ts';

type Named = Pick<Endpoint, 'client' | 'version' | 'name' | 'id'>;

/** Components of every document. A type of the schema with such a name is renamed. */
export const RESERVED_COMPONENTS = ['Problem', 'ProblemEntry', 'AnswerMeta', 'PartialFailure'] as const;

/**
 * Returns the name of an endpoint in generated code: `dashboard`, with a version `dashboardV2`, with its client
 * `mobileDashboard`.
 */
export function operationIdOf({ client, version, name }: Omit<Named, 'id'>, withClient: boolean): string {
  const id = camelCase([withClient ? client : '', name, version ?? ''].join(' '));
  if (id === '') return 'endpoint';
  return /^\d/.test(id) ? `_${id}` : id;
}

/**
 * Returns the operation ids of endpoints, by `id`. Equal names are numbered in the order of the ids. `headgate validate`
 * reports them within one client.
 */
export function operationIdsOf(endpoints: readonly Named[], withClient: boolean): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const ids = new Map<string, string>();
  for (const endpoint of [...endpoints].sort((a, b) => compareTexts(a.id, b.id))) {
    const id = firstUnusedName(operationIdOf(endpoint, withClient), taken);
    taken.add(id);
    ids.set(endpoint.id, id);
  }
  return ids;
}

/** Returns `name`, or the first of `name2`, `name3`, … that is not taken. */
export function firstUnusedName(name: string, taken: { has(name: string): boolean }): string {
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(name + number)) number += 1;
  return name + number;
}

/** Compares strings by code units, independent of the locale. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Converts `place-order` to `placeOrder`. */
function camelCase(text: string): string {
  const id = pascalCase(text);
  return id.slice(0, 1).toLowerCase() + id.slice(1);
}

/** Converts `place-order` to `PlaceOrder`. */
export function pascalCase(text: string): string {
  return text
    .split(/[^0-9A-Za-z]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}

/** Returns the prefix of the type names of an operation: `placeOrder` → `PlaceOrder`, `_1st` → `_1st`. */
export function typePrefixOf(operationId: string): string {
  const name = pascalCase(operationId);
  return /^\d/.test(name) ? `_${name}` : name;
}

/**
 * Returns the component names of the enums and input objects of a schema. Reserved names get a suffix: an input object
 * `Problem` becomes `ProblemInput`.
 */
export function typeNamesOf(schema: GraphQLSchema, reserved: ReadonlySet<string>): ReadonlyMap<string, string> {
  const types = Object.values(schema.getTypeMap()).filter(isNamedInDocuments);
  const taken = new Set([...reserved, ...types.map(({ name }) => name)]);
  const names = new Map<string, string>();
  for (const type of types) {
    const name = reserved.has(type.name) ? firstUnusedName(`${type.name}${suffixOf(type)}`, taken) : type.name;
    taken.add(name);
    names.set(type.name, name);
  }
  return names;
}

function isNamedInDocuments(type: GraphQLNamedType): boolean {
  return !type.name.startsWith('__') && (isEnumType(type) || isInputObjectType(type));
}

function suffixOf(type: GraphQLNamedType): string {
  return isEnumType(type) ? 'Enum' : 'Input';
}
