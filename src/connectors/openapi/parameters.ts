import { type Operation, type Parameter, type PathItem, type Resolver, textOf } from './document.ts';
import { JSON_TYPE, type ObjectModel, objectsOf, type TypeRef } from './model.ts';
import { fieldName, Names } from './names.ts';
import type { TypeBuilder } from './types.ts';

/** How an argument's value is serialized in the request. */
export type Serialization =
  /** The value itself; a list in a query repeats the parameter. */
  | { readonly kind: 'plain'; readonly prefix?: string }
  | { readonly kind: 'joined'; readonly by: string; readonly prefix?: string }
  /** JSON text. */
  | { readonly kind: 'json' }
  /** Separate query parameters: `filter[inStock]` is the value of `inStock` in the argument. */
  | { readonly kind: 'entries'; readonly entries: readonly (readonly [key: string, path: string])[] };

/** A parameter as an argument of a root field. */
export interface ArgumentModel {
  readonly name: string;
  readonly original: string;
  readonly in: 'path' | 'query' | 'header';
  readonly type: TypeRef;
  readonly serialization: Serialization;
  readonly required: boolean;
  readonly description: string | undefined;
}

/** The parameters of an operation as arguments. */
export interface ParametersRead {
  readonly args: readonly ArgumentModel[];
  /** Optional parameters that were left out, with reasons. */
  readonly leftOut: readonly string[];
  /** Reason why a required parameter cannot be sent, so that the operation is not supported. */
  readonly impossible: string | undefined;
}

const RESERVED_HEADERS = new Set([
  'accept',
  'authorization',
  'content-type',
  'cookie',
  'host',
  'content-length',
  'connection',
]);

/** Converts the parameters of an operation to arguments. */
export function readParameters(
  item: PathItem,
  operation: Operation,
  builders: { readonly input: TypeBuilder; readonly resolve: Resolver },
): ParametersRead {
  const names = new Names(['input']);
  const all = parametersOf(item, operation, builders.resolve);
  const keys = new Set(all.filter((parameter) => parameter.in === 'query').map(({ name }) => String(name).trim()));
  const args: ArgumentModel[] = [];
  const leftOut: string[] = [];
  let impossible: string | undefined;
  for (const parameter of all) {
    const original = String(parameter.name).trim();
    if (parameter.in === 'header' && RESERVED_HEADERS.has(original.toLowerCase())) continue;
    const read = readParameter(parameter, original, builders.input, keys);
    if (typeof read !== 'string') args.push({ ...read, name: names.take(fieldName(original)) });
    else if (parameter.required === true || parameter.in === 'path')
      impossible ??= `the parameter "${original}" ${read}`;
    else leftOut.push(`without its parameter "${original}", which ${read}`);
  }
  return { args, leftOut, impossible };
}

/** Returns the parameters of an operation and its path. The operation's parameters take precedence. */
function parametersOf(item: PathItem, operation: Operation, resolve: Resolver): Parameter[] {
  const all = new Map<string, Parameter>();
  for (const given of [...(item.parameters ?? []), ...(operation.parameters ?? [])]) {
    const parameter = resolve(given);
    const name = textOf(parameter?.name);
    if (parameter !== undefined && name !== undefined) all.set(`${String(parameter.in)} ${name}`, parameter);
  }
  return [...all.values()];
}

/** Converts a parameter to an argument; returns the reason as a string where it cannot be sent. */
function readParameter(
  parameter: Parameter,
  original: string,
  input: TypeBuilder,
  keys: Set<string>,
): Omit<ArgumentModel, 'name'> | string {
  const place = parameter.in;
  if (place === 'cookie') return 'is a cookie';
  if (place !== 'path' && place !== 'query' && place !== 'header') return `is in "${String(place)}"`;
  const [media, content] = Object.entries(parameter.content ?? {})[0] ?? [];
  const schema = parameter.schema ?? content?.schema;
  const { type: own, nullable } = input.typeOf(schema ?? { type: 'string' }, `${original} parameter`);
  const isJson = parameter.schema === undefined && media !== undefined && /^application\/(.+\+)?json\b/i.test(media);
  // an object in a path is a string that the client formats itself
  const type: TypeRef = place === 'path' && !isJson && isObjectLike(own) ? { kind: 'scalar', name: 'String' } : own;
  const serialization = isJson ? jsonSerialization(type) : serializationOf(parameter, place, original, type, keys);
  if (typeof serialization === 'string') return serialization;
  const required = place === 'path' || (parameter.required === true && !nullable);
  return { original, in: place, type, serialization, required, description: textOf(parameter.description) };
}

function isObjectLike(type: TypeRef): boolean {
  return type === JSON_TYPE || (type.kind === 'list' ? isObjectLike(type.of) : type.kind !== 'scalar');
}

function jsonSerialization(type: TypeRef): Serialization | string {
  const renamed = objectsOf(type).some((object) => isRenamedWithin(object, new Set()));
  return renamed ? 'is JSON with names that GraphQL cannot have' : { kind: 'json' };
}

function isRenamedWithin(object: ObjectModel, seen: Set<ObjectModel>): boolean {
  if (seen.has(object)) return false;
  seen.add(object);
  return object.fields.some(
    ({ name, original, type }) => name !== original || objectsOf(type).some((inner) => isRenamedWithin(inner, seen)),
  );
}

function serializationOf(
  parameter: Parameter,
  place: ArgumentModel['in'],
  original: string,
  type: TypeRef,
  keys: Set<string>,
): Serialization | string {
  const style = textOf(parameter.style) ?? (place === 'query' ? 'form' : 'simple');
  const explode = typeof parameter.explode === 'boolean' ? parameter.explode : style === 'form';
  if (place === 'query') {
    if (isObjectLike(type)) return objectSerialization(original, style, explode, type, keys);
    return type.kind === 'list'
      ? listSerialization(style, explode, type)
      : plainSerialization(style, ['form', 'pipeDelimited', 'spaceDelimited']);
  }
  if (isObjectLike(type)) return 'is an object';
  if (place === 'header') return style === 'simple' ? segmentSerialization('', ',', type) : `has the style ${style}`;
  if (style === 'simple') return segmentSerialization('', ',', type);
  if (style === 'label') return segmentSerialization('.', explode ? '.' : ',', type);
  if (style !== 'matrix') return `has the style ${style}`;
  const isRepeated = explode && type.kind === 'list';
  return isRepeated ? 'is a list in the style matrix with explode' : segmentSerialization(`;${original}=`, ',', type);
}

/** Returns whether a type is a list of lists, which has no serialization. */
function isNested(type: TypeRef): boolean {
  return type.kind === 'list' && type.of.kind === 'list';
}

function segmentSerialization(prefix: string, by: string, type: TypeRef): Serialization | string {
  if (isNested(type)) return 'is a list of lists';
  return type.kind === 'list' ? { kind: 'joined', by, prefix } : { kind: 'plain', prefix };
}

function plainSerialization(style: string, known: readonly string[]): Serialization | string {
  return known.includes(style) ? { kind: 'plain' } : `has the style ${style}, but is not an object`;
}

const DELIMITERS: Readonly<Record<string, string>> = { form: ',', pipeDelimited: '|', spaceDelimited: ' ' };

function listSerialization(style: string, explode: boolean, type: TypeRef): Serialization | string {
  const by = DELIMITERS[style];
  if (by === undefined) return `is a list in the style ${style}`;
  if (isNested(type)) return 'is a list of lists';
  return explode ? { kind: 'plain' } : { kind: 'joined', by };
}

function objectSerialization(
  original: string,
  style: string,
  explode: boolean,
  type: TypeRef,
  keys: Set<string>,
): Serialization | string {
  if (type.kind !== 'object') return type === JSON_TYPE ? 'is an object of unknown fields' : 'is a list of objects';
  const isDeep = style === 'deepObject';
  if (!isDeep && !(style === 'form' && explode)) {
    return `is an object in the style ${style}${explode ? '' : ' without explode'}`;
  }
  const entries = isDeep ? deepEntries(original, '', type.object, []) : flatEntries(type.object);
  if (typeof entries === 'string') return entries;
  const clash = entries.find(([key]) => key !== original && keys.has(key));
  if (clash !== undefined) return `has the field "${clash[0]}", which is also another parameter`;
  for (const [key] of entries) keys.add(key);
  return { kind: 'entries', entries };
}

type Entries = [key: string, path: string][];

function flatEntries({ fields }: ObjectModel): Entries | string {
  const odd = fields.find(({ type }) => type.kind !== 'scalar' || type === JSON_TYPE);
  if (odd !== undefined) return `is an object whose field "${odd.original}" is not a single value`;
  return fields.map(({ name, original }) => [original, name]);
}

/** Returns the query parameters of a `deepObject`: `filter[price][min]`; lists repeat `filter[tags]`. */
function deepEntries(
  key: string,
  path: string,
  object: ObjectModel,
  parents: readonly ObjectModel[],
): Entries | string {
  if (parents.includes(object)) return 'is a recursive object';
  const found: Entries = [];
  for (const { name, original, type } of object.fields) {
    const [ownKey, ownPath] = [`${key}[${original}]`, path === '' ? name : `${path}.${name}`];
    if (type.kind === 'object') {
      const inner = deepEntries(ownKey, ownPath, type.object, [...parents, object]);
      if (typeof inner === 'string') return inner;
      found.push(...inner);
    } else if (isObjectLike(type) || isNested(type)) {
      return `is an object whose field "${original}" cannot be serialized in a query`;
    } else found.push([ownKey, ownPath]);
  }
  return found;
}

/** Returns the mapping expression for the value of an argument. */
export function expressionOf({ name, serialization }: ArgumentModel): string {
  if (serialization.kind === 'json') return `$args.${name}?->jsonStringify`;
  return serialization.kind === 'joined' ? `$args.${name}?->joinNotNull("${serialization.by}")` : `$args.${name}`;
}

/** Returns the template for an argument in a path or a header. */
export function templateOf(argument: ArgumentModel): string {
  const { serialization } = argument;
  const prefix = serialization.kind === 'plain' || serialization.kind === 'joined' ? (serialization.prefix ?? '') : '';
  // within a GraphQL string, single quotes need no escape
  return `${prefix}{${expressionOf(argument).replaceAll('"', "'")}}`;
}
