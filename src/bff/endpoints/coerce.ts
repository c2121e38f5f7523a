import type { IncomingHttpHeaders } from 'node:http';
import type { GraphQLEnumType, GraphQLInputType } from 'graphql';
import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isScalarType,
} from 'graphql';
import { nearest } from '../../config/nearest.ts';
import { InputCoercion } from '../../operation/coerce-input.ts';
import { isShortJson, printValue } from '../../operation/print-value.ts';
import { numberOf } from '../../shared/exact-json.ts';
import { type DeepObject, deepObjectName, readDeepObject } from './deep-object.ts';
import { readJson } from './json-reading.ts';
import type { Parameter, ParameterPlace } from './parameters.ts';
import { isWithin, type Range, rangeText } from './range.ts';
import { formatInWords, hasFormat } from './scalar-format.ts';

/** One thing wrong with one parameter, as told to the client. */
export interface ParameterError {
  /** The parameter's name; within an input object or list, the path to the place: `input.items[0].quantity`. */
  readonly parameter: string;
  readonly in: ParameterPlace;
  /** What the request has; null where it has nothing. */
  readonly given: unknown;
  readonly expected: string;
}

/** The parts of a request that parameters come from; path segments are still percent-encoded. */
export interface RequestParameters {
  readonly path: ReadonlyMap<string, string>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The JSON body, for methods that have one. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

export type Variables = Record<string, unknown>;

/** More are of no help, and a request with thousands of mistakes must not cost thousands of comparisons of names. */
const MOST_ERRORS = 50;

/** The first mistakes of a request. */
class ParameterErrors {
  readonly list: ParameterError[] = [];

  /** How many more are kept. */
  get room(): number {
    return MOST_ERRORS - this.list.length;
  }

  private readonly shown = new Map<unknown, unknown>();

  /** What a message repeats of a value; an object with many mistakes is read once. */
  show(given: unknown): unknown {
    let text = this.shown.get(given);
    if (text === undefined) {
      text = short(given);
      this.shown.set(given, text);
    }
    return text;
  }

  push(error: ParameterError): void {
    if (this.room > 0) this.list.push(error);
  }
}

/**
 * Makes variables of a request's parameters, by the variables' GraphQL types. Texts are read as the type says:
 * a list is a repeated parameter (`?id=p1&id=p2`), an input object is JSON or a parameter for each member (`?filter[a]=1`),
 * a list within a list is JSON, a custom scalar is the text itself. A variable that is not given is left out, so that its default applies. Claims are read elsewhere.
 * @returns the first 50 mistakes at once, or the variables
 */
export function coerceParameters(
  parameters: readonly Parameter[],
  request: RequestParameters,
): { variables: Variables } | { errors: ParameterError[] } {
  // Without a prototype: a variable may be called `__proto__`.
  const variables: Variables = Object.create(null);
  const errors = new ParameterErrors();
  for (const parameter of parameters) {
    if (parameter.in === 'claim') continue;
    const value = readValue(parameter, request, errors);
    if (value !== undefined) variables[parameter.variable] = value;
    if (parameter.range !== undefined && !isWithin(value, parameter.range)) errors.push(outOfRange(parameter, value));
  }
  refuseUnknown(parameters, request, errors);
  return errors.list.length > 0 ? { errors: errors.list } : { variables };
}

function readValue(parameter: Parameter, request: RequestParameters, errors: ParameterErrors): unknown {
  if (parameter.in === 'body') return bodyValue(parameter, request.body, errors);
  const texts = textsOf(parameter, request, errors);
  if (texts === undefined) return undefined;
  if (parameter.in === 'query' && isInputObjectType(getNullableType(parameter.type))) {
    const deep = readDeepObject(parameter.name, parameter.type, request.query, readLeaf);
    if (deep !== undefined) return deepValue(parameter, deep, texts, errors);
  }
  if (texts.length === 0) {
    if (parameter.required) errors.push(errorAt(parameter, '', null, parameter.type));
    return undefined;
  }
  const type = getNullableType(parameter.type);
  if (isListType(type)) {
    return texts.map((text, i) => textValue(parameter, texts.length > 1 ? `[${i}]` : '', text, type.ofType, errors));
  }
  if (texts.length > 1) {
    const expected = `${describe(parameter.type)}, given once`;
    errors.push({ parameter: parameter.name, in: parameter.in, given: short(texts), expected });
    return undefined;
  }
  // JSON may be null, which other texts are not
  const read = isInputObjectType(type) ? parameter.type : type;
  return textValue(parameter, '', texts[0] as string, read, errors);
}

/** What is no value of the type stays as it is, for the check of the whole object to find. */
function readLeaf(text: string, type: GraphQLInputType): unknown {
  return parseText(text, getNullableType(type)) ?? text;
}

function deepValue(parameter: Parameter, deep: DeepObject, texts: readonly string[], errors: ParameterErrors): unknown {
  const { name } = parameter;
  if ('unknown' in deep) {
    const object = getNamedType(parameter.type);
    const members = isInputObjectType(object) ? Object.keys(object.getFields()).slice(0, MOST_VALUES) : [];
    const expected = `a member of ${object}, given once; there are: ${members.join(', ')}`;
    errors.push({ parameter: deep.unknown, in: 'query', given: short(deep.given), expected });
  } else if (texts.length > 0) {
    const expected = `"${name}" as JSON, or its members as "${name}[member]", not both`;
    errors.push({ parameter: name, in: 'query', given: short(texts), expected });
  } else {
    return checkJson(parameter, '', deep.value, parameter.type, errors);
  }
  return undefined;
}

function textsOf(parameter: Parameter, request: RequestParameters, errors: ParameterErrors): string[] | undefined {
  if (parameter.in === 'path') return pathTexts(parameter, request.path, errors);
  if (parameter.in === 'query') return request.query.getAll(parameter.name);
  // not what every object has: a header may be called "constructor"
  const value = Object.hasOwn(request.headers, parameter.name) ? request.headers[parameter.name] : undefined;
  const text = Array.isArray(value) ? value.join(',') : value;
  if (text === undefined) return [];
  // A list in a header is one line with commas, and empty items are none: RFC 9110, section 5.6.1.
  if (!isListType(getNullableType(parameter.type))) return [text];
  return text.split(',').flatMap((item) => item.trim() || []);
}

function pathTexts(
  parameter: Parameter,
  path: ReadonlyMap<string, string>,
  errors: ParameterErrors,
): string[] | undefined {
  const given = path.get(parameter.name) ?? '';
  // A list in a path is one segment with commas, as OpenAPI's style `simple` writes it.
  const texts = isListType(getNullableType(parameter.type)) ? given.split(',') : [given];
  try {
    return texts.map((text) => decodeURIComponent(text));
  } catch {
    const expected = 'UTF-8 text with its special characters percent-encoded';
    errors.push({ parameter: parameter.name, in: 'path', given: short(given), expected });
    return undefined;
  }
}

/** @param at where in the parameter the text stands: `''` or `[2]` */
function textValue(
  parameter: Parameter,
  at: string,
  text: string,
  type: GraphQLInputType,
  errors: ParameterErrors,
): unknown {
  const nullable = getNullableType(type);
  const parsed = parseText(text, nullable);
  if (parsed === undefined) {
    errors.push(errorAt(parameter, at, text, type));
    return undefined;
  }
  if (isListType(nullable) || isInputObjectType(nullable)) return checkJson(parameter, at, parsed, type, errors);
  return parsed;
}

/** The value that a text stands for; `undefined` when it stands for none of this type. */
function parseText(text: string, type: GraphQLInputType): unknown {
  switch (type) {
    case GraphQLInt: {
      const int = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
      return int === (int | 0) ? int : undefined;
    }
    case GraphQLFloat:
      if (!/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) || !Number.isFinite(Number(text))) return undefined;
      return numberOf(text.replace(/^(-?)0+(?=\d)/, '$1'));
    case GraphQLBoolean:
      return text === 'true' ? true : text === 'false' ? false : undefined;
  }
  if (isEnumType(type)) return type.getValue(text) ? text : undefined;
  if (isListType(type) || isInputObjectType(type)) return parseJson(text);
  return isScalarType(type) && !hasFormat(type, text) ? undefined : text;
}

function parseJson(text: string): unknown {
  const read = readJson(text);
  return 'mistake' in read ? undefined : read.value;
}

function bodyValue(parameter: Parameter, body: RequestParameters['body'], errors: ParameterErrors): unknown {
  const value = body && Object.hasOwn(body, parameter.name) ? body[parameter.name] : undefined;
  if (value !== undefined) return checkJson(parameter, '', value, parameter.type, errors);
  if (parameter.required) errors.push(errorAt(parameter, '', null, parameter.type));
  return undefined;
}

/** Hands on the value as it was given: defaults within input objects are the engine's to fill in. */
function checkJson(
  parameter: Parameter,
  at: string,
  value: unknown,
  type: GraphQLInputType,
  errors: ParameterErrors,
): unknown {
  if (errors.room === 0) return value;
  const coercion = new InputCoercion({ maxErrors: errors.room });
  coercion.coerce(value, type);
  for (const { path, value: invalid, message } of coercion.errors) {
    const inner = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
    const place = `${parameter.name}${at}${inner}`;
    errors.push({
      parameter: place,
      in: parameter.in,
      given: errors.show(invalid),
      expected: expectation(type, path, message),
    });
  }
  return value;
}

/** What belongs at `path` within a value of this type; for a mistake about a whole object, graphql-js' words for it. */
function expectation(type: GraphQLInputType, path: readonly (string | number)[], message: string): string {
  let inner: GraphQLInputType | undefined = type;
  for (const step of path) {
    const nullable: GraphQLInputType = getNullableType(inner);
    if (isListType(nullable)) inner = nullable.ofType;
    else if (isInputObjectType(nullable)) inner = nullable.getFields()[step]?.type;
    if (inner === undefined) return message;
  }
  return isInputObjectType(getNullableType(inner)) ? `${describe(inner)}: ${message}` : describe(inner);
}

function errorAt(parameter: Parameter, at: string, given: unknown, type: GraphQLInputType): ParameterError {
  const expected = parameter.range ? describeRange(parameter, parameter.range) : describe(type);
  return { parameter: `${parameter.name}${at}`, in: parameter.in, given: short(given), expected };
}

function outOfRange(parameter: Parameter, given: unknown): ParameterError {
  return errorAt(parameter, '', given, parameter.type);
}

function describeRange({ type }: Parameter, range: Range): string {
  const number = getNamedType(type) === GraphQLInt ? 'a whole number' : 'a number';
  const each = `${number} ${rangeText(range)}`;
  return `${isListType(getNullableType(type)) ? `a list, each item ${each}` : each} (${type})`;
}

function refuseUnknown(parameters: readonly Parameter[], request: RequestParameters, errors: ParameterErrors): void {
  const namesOf = (place: ParameterPlace) => parameters.filter((one) => one.in === place).map((one) => one.name);
  const namesIn = { query: namesOf('query'), body: namesOf('body') };
  const objects = parameters.filter(
    ({ in: place, type }) => place === 'query' && isInputObjectType(getNullableType(type)),
  );
  const isMember = (name: string) => objects.some((object) => object.name === deepObjectName(name));
  const refuse = (name: string, place: 'query' | 'body', given: unknown): void => {
    const known = namesIn[place];
    if (errors.room === 0 || known.includes(name)) return;
    errors.push({
      parameter: String(short(name)),
      in: place,
      given: short(given),
      expected: insteadOf(name, place, parameters, known),
    });
  };
  for (const name of new Set(request.query.keys())) {
    if (!isMember(name)) refuse(name, 'query', request.query.get(name));
  }
  const { body } = request;
  for (const name in body) {
    if (errors.room === 0) return;
    refuse(name, 'body', body[name]);
  }
}

function insteadOf(name: string, place: string, parameters: readonly Parameter[], known: readonly string[]): string {
  const elsewhere = parameters.find((parameter) => parameter.name === name || parameter.variable === name);
  if (elsewhere?.in === place) return `no parameter of this name; did you mean "${elsewhere.name}"?`;
  if (elsewhere) return `no "${name}" in the ${place}: it is read from the ${PLACES[elsewhere.in]}`;
  const [best] = nearest(name, known);
  if (best !== undefined) return `no parameter of this name; did you mean "${best}"?`;
  const list = known.map((other) => `"${other}"`).join(', ');
  return `no parameter of this name; ${list === '' ? `there are none in the ${place}` : `there are: ${list}`}`;
}

const PLACES: Readonly<Record<ParameterPlace, string>> = {
  path: 'path',
  query: 'query',
  header: 'headers',
  body: 'body',
  claim: 'verified credential',
};

const BUILT_IN = new Map<GraphQLInputType, string>([
  [GraphQLInt, 'a whole number from -2147483648 to 2147483647'],
  [GraphQLFloat, 'a number'],
  [GraphQLBoolean, 'true or false'],
  [GraphQLID, 'an id'],
  [GraphQLString, 'text'],
]);

/** A type in words: `a whole number from … (Int!)`. */
export function describe(type: GraphQLInputType): string {
  return `${inWords(getNullableType(type))} (${type})`;
}

function inWords(type: GraphQLInputType): string {
  if (isListType(type)) return `a list, each item ${inWords(getNullableType(type.ofType))}`;
  if (isInputObjectType(type)) return 'an object as JSON';
  if (isEnumType(type)) return `one of ${enumInWords(type)}`;
  return BUILT_IN.get(type) ?? formatInWords(type) ?? 'a value';
}

/** Values of an enum that a message lists. */
const MOST_VALUES = 50;

function enumInWords(type: GraphQLEnumType): string {
  const names = type.getValues().map(({ name }) => name);
  const more = names.length - MOST_VALUES;
  return names.slice(0, MOST_VALUES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Characters of what was given that a message repeats. */
const MOST_SHOWN = 200;

/** What was given, cut where it would make the answer long. */
function short(given: unknown): unknown {
  if (typeof given === 'string') return given.length <= MOST_SHOWN ? given : `${given.slice(0, MOST_SHOWN)}…`;
  if (given === undefined || isShortJson(given, MOST_SHOWN)) return given ?? null;
  return printValue(given, MOST_SHOWN);
}
