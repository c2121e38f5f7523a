import { type GraphQLNamedType, type GraphQLSchema, isEnumType, isInputObjectType } from 'graphql';
import type { Endpoint } from '../endpoints/endpoints.ts';

type Named = Pick<Endpoint, 'client' | 'version' | 'name' | 'id'>;

/** Components that every document has: a type of the schema with such a name gets another one. */
export const OWN_COMPONENTS = ['Problem', 'ProblemEntry', 'AnswerMeta', 'PartialFailure'] as const;

/**
 * Returns what an endpoint is called in generated code: `dashboard`, `dashboardV2` in a version, `mobileDashboard` with
 * its client.
 */
export function operationIdOf({ client, version, name }: Omit<Named, 'id'>, withClient: boolean): string {
  const id = camelCase([withClient ? client : '', name, version ?? ''].join(' '));
  if (id === '') return 'endpoint';
  return /^\d/.test(id) ? `_${id}` : id;
}

/**
 * Returns the operation id of each endpoint, by `id`. Two that would be called the same are numbered in the order of
 * their ids; `headgate validate` reports them where they are of one client.
 */
export function operationIdsOf(endpoints: readonly Named[], withClient: boolean): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const ids = new Map<string, string>();
  for (const endpoint of [...endpoints].sort((a, b) => compareTexts(a.id, b.id))) {
    const id = firstFree(operationIdOf(endpoint, withClient), taken);
    taken.add(id);
    ids.set(endpoint.id, id);
  }
  return ids;
}

/** Returns `name`, or the first of `name2`, `name3`, … that is not taken. */
export function firstFree(name: string, taken: { has(name: string): boolean }): string {
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(name + number)) number += 1;
  return name + number;
}

/** Compares as every machine does, whatever its language. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** `place-order` → `placeOrder` */
function camelCase(text: string): string {
  const id = pascalCase(text);
  return id.slice(0, 1).toLowerCase() + id.slice(1);
}

/** `place-order` → `PlaceOrder` */
export function pascalCase(text: string): string {
  return text
    .split(/[^0-9A-Za-z]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}

/** Returns what the names of an operation's own types begin with: `placeOrder` → `PlaceOrder`, `_1st` → `_1st`. */
export function typePrefixOf(operationId: string): string {
  const name = pascalCase(operationId);
  return /^\d/.test(name) ? `_${name}` : name;
}

/**
 * Returns the component name of each enum and input object of a schema. Names that have another meaning in the document
 * get what they are after them: an input object `Problem` is `ProblemInput`.
 */
export function typeNamesOf(schema: GraphQLSchema, reserved: ReadonlySet<string>): ReadonlyMap<string, string> {
  const types = Object.values(schema.getTypeMap()).filter(isNamedInDocuments);
  const taken = new Set([...reserved, ...types.map(({ name }) => name)]);
  const names = new Map<string, string>();
  for (const type of types) {
    const name = reserved.has(type.name) ? firstFree(`${type.name}${suffixOf(type)}`, taken) : type.name;
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
