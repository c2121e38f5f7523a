import { type Operation, type Parameter, type PathItem, type Resolver, textOf } from './document.ts';
import { JSON_TYPE, type ObjectModel, objectsOf, type TypeRef } from './model.ts';
import { fieldName, Names } from './names.ts';
import type { TypeBuilder } from './types.ts';

/** How an argument's value is written into the request. */
export type Wire =
  /** As it is; a list in a query repeats the parameter. */
  | { readonly kind: 'plain'; readonly prefix?: string }
  | { readonly kind: 'joined'; readonly by: string; readonly prefix?: string }
  /** As JSON text. */
  | { readonly kind: 'json' }
  /** As query parameters of their own: `filter[inStock]` is what `inStock` of the argument is. */
  | { readonly kind: 'entries'; readonly entries: readonly (readonly [key: string, path: string])[] };

export interface ArgumentModel {
  readonly name: string;
  readonly original: string;
  readonly in: 'path' | 'query' | 'header';
  readonly type: TypeRef;
  readonly wire: Wire;
  readonly required: boolean;
  readonly description: string | undefined;
}

export interface ParametersRead {
  readonly args: readonly ArgumentModel[];
  /** Optional parameters that requests are made without, and why. */
  readonly leftOut: readonly string[];
  /** Why there can be no request at all: a required parameter cannot be sent. */
  readonly impossible: string | undefined;
}

const SENT_ANYWAY = new Set([
  'accept',
  'authorization',
  'content-type',
  'cookie',
  'host',
  'content-length',
  'connection',
]);

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
    if (parameter.in === 'header' && SENT_ANYWAY.has(original.toLowerCase())) continue;
    const read = readParameter(parameter, original, builders.input, keys);
    if (typeof read !== 'string') args.push({ ...read, name: names.take(fieldName(original)) });
    else if (parameter.required === true || parameter.in === 'path')
      impossible ??= `the parameter "${original}" ${read}`;
    else leftOut.push(`without its parameter "${original}", which ${read}`);
  }
  return { args, leftOut, impossible };
}

/** Those of the operation replace those of its path. */
function parametersOf(item: PathItem, operation: Operation, resolve: Resolver): Parameter[] {
  const all = new Map<string, Parameter>();
  for (const given of [...(item.parameters ?? []), ...(operation.parameters ?? [])]) {
    const parameter = resolve(given);
    const name = textOf(parameter?.name);
    if (parameter !== undefined && name !== undefined) all.set(`${String(parameter.in)} ${name}`, parameter);
  }
  return [...all.values()];
}

/** The argument, or why it cannot be sent. */
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
  // a path is made of text: an object there is given as the API wants to read it
  const type: TypeRef = place === 'path' && !isJson && isObjectLike(own) ? { kind: 'scalar', name: 'String' } : own;
  const wire = isJson ? jsonWire(type) : wireOf(parameter, place, original, type, keys);
  if (typeof wire === 'string') return wire;
  const required = place === 'path' || (parameter.required === true && !nullable);
  return { original, in: place, type, wire, required, description: textOf(parameter.description) };
}

function isObjectLike(type: TypeRef): boolean {
  return type === JSON_TYPE || (type.kind === 'list' ? isObjectLike(type.of) : type.kind !== 'scalar');
}

function jsonWire(type: TypeRef): Wire | string {
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

function wireOf(
  parameter: Parameter,
  place: ArgumentModel['in'],
  original: string,
  type: TypeRef,
  keys: Set<string>,
): Wire | string {
  const style = textOf(parameter.style) ?? (place === 'query' ? 'form' : 'simple');
  const explode = typeof parameter.explode === 'boolean' ? parameter.explode : style === 'form';
  if (place === 'query') {
    if (isObjectLike(type)) return objectWire(original, style, explode, type, keys);
    return type.kind === 'list'
      ? listWire(style, explode, type)
      : plainWire(style, ['form', 'pipeDelimited', 'spaceDelimited']);
  }
  if (isObjectLike(type)) return 'is an object';
  if (place === 'header') return style === 'simple' ? segmentWire('', ',', type) : `has the style ${style}`;
  if (style === 'simple') return segmentWire('', ',', type);
  if (style === 'label') return segmentWire('.', explode ? '.' : ',', type);
  if (style !== 'matrix') return `has the style ${style}`;
  const isRepeated = explode && type.kind === 'list';
  return isRepeated ? 'is a list in the style matrix with explode' : segmentWire(`;${original}=`, ',', type);
}

/** A list of lists has no form as text. */
function isNested(type: TypeRef): boolean {
  return type.kind === 'list' && type.of.kind === 'list';
}

function segmentWire(prefix: string, by: string, type: TypeRef): Wire | string {
  if (isNested(type)) return 'is a list of lists';
  return type.kind === 'list' ? { kind: 'joined', by, prefix } : { kind: 'plain', prefix };
}

function plainWire(style: string, known: readonly string[]): Wire | string {
  return known.includes(style) ? { kind: 'plain' } : `has the style ${style}, but is no object`;
}

const DELIMITERS: Readonly<Record<string, string>> = { form: ',', pipeDelimited: '|', spaceDelimited: ' ' };

function listWire(style: string, explode: boolean, type: TypeRef): Wire | string {
  const by = DELIMITERS[style];
  if (by === undefined) return `is a list in the style ${style}`;
  if (isNested(type)) return 'is a list of lists';
  return explode ? { kind: 'plain' } : { kind: 'joined', by };
}

function objectWire(
  original: string,
  style: string,
  explode: boolean,
  type: TypeRef,
  keys: Set<string>,
): Wire | string {
  if (type.kind !== 'object') return type === JSON_TYPE ? 'is an object of unknown fields' : 'is a list of objects';
  const isDeep = style === 'deepObject';
  if (!isDeep && !(style === 'form' && explode)) {
    return `is an object in the style ${style}${explode ? '' : ' without explode'}`;
  }
  const entries = isDeep ? deepEntries(original, '', type.object, []) : flatEntries(type.object);
  if (typeof entries === 'string') return entries;
  const clash = entries.find(([key]) => key !== original && keys.has(key));
  if (clash !== undefined) return `has the field "${clash[0]}", which is another parameter, too`;
  for (const [key] of entries) keys.add(key);
  return { kind: 'entries', entries };
}

type Entries = [key: string, path: string][];

function flatEntries({ fields }: ObjectModel): Entries | string {
  const odd = fields.find(({ type }) => type.kind !== 'scalar' || type === JSON_TYPE);
  if (odd !== undefined) return `is an object whose field "${odd.original}" is no single value`;
  return fields.map(({ name, original }) => [original, name]);
}

/** `filter[price][min]`; lists repeat `filter[tags]`. */
function deepEntries(key: string, path: string, object: ObjectModel, above: readonly ObjectModel[]): Entries | string {
  if (above.includes(object)) return 'is an object that can hold itself';
  const found: Entries = [];
  for (const { name, original, type } of object.fields) {
    const [ownKey, ownPath] = [`${key}[${original}]`, path === '' ? name : `${path}.${name}`];
    if (type.kind === 'object') {
      const inner = deepEntries(ownKey, ownPath, type.object, [...above, object]);
      if (typeof inner === 'string') return inner;
      found.push(...inner);
    } else if (isObjectLike(type) || isNested(type)) {
      return `is an object whose field "${original}" has no form in a query`;
    } else found.push([ownKey, ownPath]);
  }
  return found;
}

/** The value of an argument that is one text or list, as an expression of the mapping language. */
export function expressionOf({ name, wire }: ArgumentModel): string {
  if (wire.kind === 'json') return `$args.${name}?->jsonStringify`;
  return wire.kind === 'joined' ? `$args.${name}?->joinNotNull("${wire.by}")` : `$args.${name}`;
}

export function templateOf(argument: ArgumentModel): string {
  const { wire } = argument;
  const prefix = wire.kind === 'plain' || wire.kind === 'joined' ? (wire.prefix ?? '') : '';
  // within a GraphQL string, single quotes need no escape
  return `${prefix}{${expressionOf(argument).replaceAll('"', "'")}}`;
}
