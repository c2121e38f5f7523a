import {
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  getDirectiveValues,
  Kind,
  type SelectionSetNode,
  type TypeNode,
} from 'graphql';
import { isNumber } from '../../shared/exact-json.ts';
import type { EventField } from '../../supergraph/events.ts';
import type { SubgraphType } from '../../supergraph/supergraph.ts';
import { type EventRequest, responseKey } from './event-request.ts';

type Types = ReadonlyMap<string, SubgraphType>;
type JsonObject = Readonly<Record<string, unknown>>;

/** Returns why a message cannot be the value of a field, in a few words; `undefined` where it can. */
export function mistakeInMessage(value: unknown, { type, payload }: EventField, types: Types): string | undefined {
  if (value === undefined) return 'it is not JSON';
  if (payload === 'FULL' && value === null && type.kind !== Kind.NON_NULL_TYPE) return undefined;
  return mistakeIn(value, type, types, payload === 'ENTITY');
}

function mistakeIn(value: unknown, type: TypeNode, types: Types, needsKey: boolean): string | undefined {
  if (type.kind === Kind.NON_NULL_TYPE) return mistakeIn(value, type.type, types, needsKey);
  if (type.kind === Kind.LIST_TYPE) {
    if (!Array.isArray(value)) return 'it is not a list';
    for (const item of value) {
      const mistake = mistakeIn(item, type.type, types, needsKey);
      if (mistake !== undefined) return mistake;
    }
    return undefined;
  }
  const declared = types.get(type.name.value);
  if (declared === undefined)
    return isObject(value) || Array.isArray(value) || value !== null ? undefined : 'it is null';
  if (!isObject(value)) return 'it is not an object';
  const name = typeOf(value, declared);
  if (name === undefined) return `its __typename is not a type of "${declared.name}"`;
  const [key] = types.get(name)?.keys ?? [];
  const missing = needsKey && key ? missingField(value, key.fields) : undefined;
  return missing === undefined ? undefined : `it has no "${missing}" of the key of "${name}"`;
}

/** Returns the path of a field of a key that an object does not have. */
function missingField(value: JsonObject, { selections }: SelectionSetNode): string | undefined {
  for (const selection of selections) {
    if (selection.kind !== Kind.FIELD) continue;
    const name = selection.name.value;
    const inner = Object.hasOwn(value, name) ? value[name] : undefined;
    if (inner === undefined || inner === null) return name;
    if (selection.selectionSet === undefined) continue;
    const below = isObject(inner) ? missingField(inner, selection.selectionSet) : '';
    if (below !== undefined) return below === '' ? name : `${name}.${below}`;
  }
  return undefined;
}

/** Returns the name of the object type of a value; `undefined` where it says none that it may be. */
function typeOf(value: JsonObject, declared: SubgraphType): string | undefined {
  const { __typename: given } = value;
  const isKnown = typeof given === 'string' && declared.possible.has(given);
  if (declared.kind === 'object' || declared.kind === 'interfaceObject')
    return given === undefined || isKnown ? declared.name : undefined;
  return isKnown ? given : undefined;
}

/** Returns what a request selects of the value of a message. Fields that the value does not have are null. */
export function selectFrom(
  value: unknown,
  type: TypeNode,
  selection: SelectionSetNode | undefined,
  request: EventRequest,
  types: Types,
): unknown {
  if (value === undefined || value === null) return null;
  if (type.kind === Kind.NON_NULL_TYPE) return selectFrom(value, type.type, selection, request, types);
  if (type.kind === Kind.LIST_TYPE)
    return Array.isArray(value) ? value.map((item) => selectFrom(item, type.type, selection, request, types)) : null;
  const declared = types.get(type.name.value);
  if (selection === undefined || declared === undefined) return value;
  const name = isObject(value) ? typeOf(value, declared) : undefined;
  const own = name === undefined ? undefined : types.get(name);
  if (own === undefined) return null;
  const selected: Record<string, unknown> = Object.create(null);
  addFields(value as JsonObject, own, selection, { request, types, selected });
  return selected;
}

interface Target {
  readonly request: EventRequest;
  readonly types: Types;
  readonly selected: Record<string, unknown>;
}

function addFields(value: JsonObject, type: SubgraphType, { selections }: SelectionSetNode, target: Target): void {
  const { request, types, selected } = target;
  for (const selection of selections) {
    if (getDirectiveValues(GraphQLSkipDirective, selection, request.variables)?.if === true) continue;
    if (getDirectiveValues(GraphQLIncludeDirective, selection, request.variables)?.if === false) continue;
    if (selection.kind === Kind.FIELD) {
      const name = selection.name.value;
      const field = type.fields.get(name);
      const inner = field && Object.hasOwn(value, name) ? value[name] : undefined;
      const key = responseKey(selection);
      const own =
        name === '__typename'
          ? type.name
          : field && selectFrom(inner, field.type, selection.selectionSet, request, types);
      selected[key] = united(selected[key], own ?? null);
      continue;
    }
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : request.fragments.get(selection.name.value);
    const condition = fragment?.typeCondition?.name.value;
    const applies = condition === undefined || condition === type.name || types.get(condition)?.possible.has(type.name);
    if (fragment && applies) addFields(value, type, fragment.selectionSet, target);
  }
}

/** Returns the value of a field that is selected twice, with the fields of both selections. */
function united(before: unknown, value: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(value)) return value.map((item, index) => united(before[index], item));
  return isObject(before) && isObject(value)
    ? Object.assign(Object.create(null), before, unitedFields(before, value))
    : value;
}

function unitedFields(before: JsonObject, value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, united(before[name], item)]));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isNumber(value);
}
