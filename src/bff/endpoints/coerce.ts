import type { IncomingHttpHeaders } from 'node:http';
import type { GraphQLInputType } from 'graphql';
import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLInt,
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
import { isSecretParameter, REDACTED } from '../../shared/secret-parameters.ts';
import { type DeepObject, deepObjectName, readDeepObject } from './deep-object.ts';
import { describeType, MAX_ENUM_VALUES } from './describe-type.ts';
import { readJson } from './json-reading.ts';
import type { Parameter, ParameterPlace } from './parameters.ts';
import { isWithin, type Range, rangeText } from './range.ts';
import { hasFormat } from './scalar-format.ts';

/** One error in one parameter, as it is reported to the client. */
export interface ParameterError {
  /** Name of the parameter, with the path within an input object or list: `input.items[0].quantity`. */
  readonly parameter: string;
  readonly in: ParameterPlace;
  /** Value in the request; null where there is none. */
  readonly given: unknown;
  readonly expected: string;
}

/** The parts of a request that parameters are read from. Path segments are still percent-encoded. */
export interface RequestParameters {
  readonly path: ReadonlyMap<string, string>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The JSON body, for methods that have one. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** Variables of an operation by name. */
export type Variables = Record<string, unknown>;

/** Limit of reported errors. It also limits the comparisons of names for a request with thousands of errors. */
const MAX_ERRORS = 50;

/** The first errors of a request. */
class ParameterErrors {
  readonly list: ParameterError[] = [];

  /** Number of errors that can be added. */
  get room(): number {
    return MAX_ERRORS - this.list.length;
  }

  private readonly shown = new Map<unknown, unknown>();

  /** Returns the abbreviated value for messages. An object with many errors is abbreviated once. */
  show(given: unknown): unknown {
    let text = this.shown.get(given);
    if (text === undefined) {
      text = abbreviate(given);
      this.shown.set(given, text);
    }
    return text;
  }

  push(error: ParameterError): void {
    if (this.room > 0) this.list.push(error);
  }
}

/**
 * Coerces a request's parameters to variables, by the variables' GraphQL types. A list is a repeated parameter
 * (`?id=p1&id=p2`). An input object is JSON, or a parameter for each member (`?filter[a]=1`). A list within a list is JSON.
 * A custom scalar is the text itself. Missing variables are left out, so that their defaults apply. `readClaims` reads
 * claims.
 * @returns the variables, or the first 50 errors
 */
export function coerceParameters(
  parameters: readonly Parameter[],
  request: RequestParameters,
): { variables: Variables } | { errors: ParameterError[] } {
  // no prototype: a variable may be named `__proto__`
  const variables: Variables = Object.create(null);
  const errors = new ParameterErrors();
  for (const parameter of parameters) {
    if (parameter.in === 'claim') continue;
    const value = readValue(parameter, request, errors);
    if (value !== undefined) variables[parameter.variable] = value;
    if (parameter.range !== undefined && !isWithin(value, parameter.range)) errors.push(outOfRange(parameter, value));
  }
  checkUnknown(parameters, request, errors);
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
    const expected = `${describeType(parameter.type)}, given once`;
    errors.push({ parameter: parameter.name, in: parameter.in, given: abbreviate(texts), expected });
    return undefined;
  }
  // only JSON text can be null
  const read = isInputObjectType(type) ? parameter.type : type;
  return textValue(parameter, '', texts[0] as string, read, errors);
}

/** Parses one member of an object. Invalid text is returned unchanged; the check of the whole object reports it. */
function readLeaf(text: string, type: GraphQLInputType): unknown {
  return parseText(text, getNullableType(type)) ?? text;
}

function deepValue(parameter: Parameter, deep: DeepObject, texts: readonly string[], errors: ParameterErrors): unknown {
  const { name } = parameter;
  if ('unknown' in deep) {
    const object = getNamedType(parameter.type);
    const members = isInputObjectType(object) ? Object.keys(object.getFields()).slice(0, MAX_ENUM_VALUES) : [];
    const expected = `a member of ${object}, given once; its members are: ${members.join(', ')}`;
    errors.push({ parameter: deep.unknown, in: 'query', given: abbreviate(deep.given), expected });
  } else if (texts.length > 0) {
    const expected = `"${name}" as JSON, or its members as "${name}[member]", not both`;
    errors.push({ parameter: name, in: 'query', given: abbreviate(texts), expected });
  } else {
    return checkJson(parameter, '', deep.value, parameter.type, errors);
  }
  return undefined;
}

function textsOf(parameter: Parameter, request: RequestParameters, errors: ParameterErrors): string[] | undefined {
  if (parameter.in === 'path') return pathTexts(parameter, request.path, errors);
  if (parameter.in === 'query') return request.query.getAll(parameter.name);
  // own properties only: a header may be named "constructor"
  const value = Object.hasOwn(request.headers, parameter.name) ? request.headers[parameter.name] : undefined;
  const text = Array.isArray(value) ? value.join(',') : value;
  if (text === undefined) return [];
  // A list in a header is separated by commas, and empty items are ignored: RFC 9110, section 5.6.1.
  if (!isListType(getNullableType(parameter.type))) return [text];
  return text.split(',').flatMap((item) => item.trim() || []);
}

function pathTexts(
  parameter: Parameter,
  path: ReadonlyMap<string, string>,
  errors: ParameterErrors,
): string[] | undefined {
  const given = path.get(parameter.name) ?? '';
  // A list in a path is one segment with commas: OpenAPI's style `simple`.
  const texts = isListType(getNullableType(parameter.type)) ? given.split(',') : [given];
  try {
    return texts.map((text) => decodeURIComponent(text));
  } catch {
    const expected = 'UTF-8 text with its special characters percent-encoded';
    errors.push({ parameter: parameter.name, in: 'path', given: abbreviate(given), expected });
    return undefined;
  }
}

/**
 * Coerces one text to a type.
 * @param at index of the text in the parameter: `''` or `[2]`
 */
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

/** Parses a text as a value of a type; returns `undefined` where it is not one. */
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
  return 'error' in read ? undefined : read.value;
}

function bodyValue(parameter: Parameter, body: RequestParameters['body'], errors: ParameterErrors): unknown {
  const value = body && Object.hasOwn(body, parameter.name) ? body[parameter.name] : undefined;
  if (value !== undefined) return checkJson(parameter, '', value, parameter.type, errors);
  if (parameter.required) errors.push(errorAt(parameter, '', null, parameter.type));
  return undefined;
}

/** Checks a JSON value against a type. Returns it unchanged: the engine fills in defaults of input objects. */
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

/** Returns what is expected at `path` within a value of this type. For an error of a whole object, adds graphql-js' message. */
function expectation(type: GraphQLInputType, path: readonly (string | number)[], message: string): string {
  let inner: GraphQLInputType | undefined = type;
  for (const step of path) {
    const nullable: GraphQLInputType = getNullableType(inner);
    if (isListType(nullable)) inner = nullable.ofType;
    else if (isInputObjectType(nullable)) inner = nullable.getFields()[step]?.type;
    if (inner === undefined) return message;
  }
  return isInputObjectType(getNullableType(inner)) ? `${describeType(inner)}: ${message}` : describeType(inner);
}

function errorAt(parameter: Parameter, at: string, given: unknown, type: GraphQLInputType): ParameterError {
  const expected = parameter.range ? describeRange(parameter, parameter.range) : describeType(type);
  return { parameter: `${parameter.name}${at}`, in: parameter.in, given: abbreviate(given), expected };
}

function outOfRange(parameter: Parameter, given: unknown): ParameterError {
  return errorAt(parameter, '', given, parameter.type);
}

function describeRange({ type }: Parameter, range: Range): string {
  const number = getNamedType(type) === GraphQLInt ? 'a whole number' : 'a number';
  const each = `${number} ${rangeText(range)}`;
  return `${isListType(getNullableType(type)) ? `a list, each item ${each}` : each} (${type})`;
}

function checkUnknown(parameters: readonly Parameter[], request: RequestParameters, errors: ParameterErrors): void {
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
      parameter: String(abbreviate(name)),
      in: place,
      given: place === 'query' && isSecretParameter(name) ? REDACTED : abbreviate(given),
      expected: expectedInstead(name, place, parameters, known),
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

function expectedInstead(
  name: string,
  place: string,
  parameters: readonly Parameter[],
  known: readonly string[],
): string {
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

/** Maximum length of a value in messages, in characters. */
const MAX_SHOWN = 200;

/** Shortens a value for messages. */
function abbreviate(given: unknown): unknown {
  if (typeof given === 'string') return given.length <= MAX_SHOWN ? given : `${given.slice(0, MAX_SHOWN)}…`;
  if (given === undefined || isShortJson(given, MAX_SHOWN)) return given ?? null;
  return printValue(given, MAX_SHOWN);
}
