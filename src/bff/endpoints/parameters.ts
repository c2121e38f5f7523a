import type { ConstDirectiveNode, GraphQLInputType, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import {
  GraphQLNonNull,
  getNullableType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  typeFromAST,
} from 'graphql';
import type { Problem } from '../../config/problem.ts';
import { compareNumbers, stringifyJson } from '../../shared/exact-json.ts';
import { literalValue } from '../../shared/literal-value.ts';
import { unreadableHeader } from './check-names.ts';
import { argumentOf, directiveNamed, type Method } from './directives.ts';
import { problemAt } from './problem-at.ts';
import { type Range, rangeOf } from './range.ts';

/** Where a request gives a parameter; `claim`: the verified credential gives it, and clients cannot. */
export type ParameterPlace = 'path' | 'query' | 'header' | 'body' | 'claim';

/** A variable of an endpoint's operation, and where a request gives it. */
export interface Parameter {
  /** What it is called where it is given: `userId`, `accept-language`, `sub`. */
  readonly name: string;
  readonly variable: string;
  readonly in: ParameterPlace;
  /** As declared; non-null where null is an error of the place that the variable is used at. */
  readonly type: GraphQLInputType;
  /** It has no default and cannot be null. */
  readonly required: boolean;
  /** The default as JSON; `undefined` where there is none. */
  readonly default: unknown;
  /** What it may be, where it is a number; `undefined`: any. */
  readonly range?: Range | undefined;
}

export function hasBody(method: Method): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}

const SOURCES = ['query', 'header', 'claim'] as const;

/** What `@from` says: `@from(header: "Accept-Language")` is `["header", "accept-language"]`. */
function sourceOf(directive: ConstDirectiveNode | undefined): readonly [ParameterPlace, string][] {
  return SOURCES.flatMap((place): [ParameterPlace, string][] => {
    const name = argumentOf(directive, place);
    if (typeof name !== 'string') return [];
    return [[place, place === 'header' ? name.toLowerCase() : name]];
  });
}

/**
 * The parameters of a valid operation: those named in the path; those that `@from` places; the rest are in the query
 * string or, with a method that has a body, in the body.
 * @param nonNull variables that must not be null where they are used, whatever they are declared as
 */
export function parametersFor(
  operation: OperationDefinitionNode,
  schema: GraphQLSchema,
  pathNames: readonly string[],
  method: Method,
  nonNull: ReadonlySet<string> = new Set(),
): Parameter[] {
  return (operation.variableDefinitions ?? []).map((definition) => {
    const variable = definition.variable.name.value;
    const type = typeFromAST(schema, definition.type);
    if (!isInputType(type)) throw new TypeError(`$${variable}: the schema has no such input type`);
    const [from] = sourceOf(directiveNamed(definition, 'from'));
    const unplaced: ParameterPlace = hasBody(method) ? 'body' : 'query';
    const [place, name] = pathNames.includes(variable) ? (['path', variable] as const) : (from ?? [unplaced, variable]);
    const { defaultValue } = definition;
    return {
      name,
      variable,
      in: place,
      type: nonNull.has(variable) && !isNonNullType(type) ? new GraphQLNonNull(type) : type,
      required: isNonNullType(type) && defaultValue === undefined,
      default: defaultValue && literalValue(defaultValue),
      range: rangeOf(directiveNamed(definition, 'range')),
    };
  });
}

/**
 * Returns each parameter of a request once, also where several variables are read from it: required where one of them
 * needs it, within the ranges of all.
 */
export function mergedParameters(parameters: readonly Parameter[]): Parameter[] {
  const merged = new Map<string, Parameter>();
  for (const parameter of parameters) {
    const key = `${parameter.in} ${parameter.name}`;
    const first = merged.get(key);
    merged.set(key, first === undefined ? parameter : mergedWith(first, parameter));
  }
  return [...merged.values()];
}

function mergedWith(a: Parameter, b: Parameter): Parameter {
  const range = a.range && b.range ? within(a.range, b.range) : (a.range ?? b.range);
  const byDefault = stringifyJson(a.default) === stringifyJson(b.default) ? a.default : undefined;
  return { ...a, required: a.required || b.required, default: byDefault, range };
}

function within(a: Range, b: Range): Range {
  const min = stricter(a.min, b.min, 1);
  const max = stricter(a.max, b.max, -1);
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
}

/** @param sign 1 for the greater of two ends, -1 for the smaller */
function stricter(a: Range['min'], b: Range['min'], sign: 1 | -1): Range['min'] {
  if (a === undefined || b === undefined) return a ?? b;
  return compareNumbers(a, b) * sign > 0 ? a : b;
}

/** Variables that are read from one parameter must be of one type. */
export function checkShared(
  file: string,
  operation: OperationDefinitionNode,
  parameters: readonly Parameter[],
): Problem[] {
  const firsts = new Map<string, Parameter>();
  return parameters.flatMap((parameter) => {
    const key = `${parameter.in} ${parameter.name}`;
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, parameter);
    const types = [first ?? parameter, parameter].map(({ type }) => String(getNullableType(type)));
    if (parameter.in === 'claim' || types[0] === types[1]) return [];
    const node = operation.variableDefinitions?.find(({ variable }) => variable.name.value === parameter.variable);
    const message = `$${first?.variable} (${types[0]}) and $${parameter.variable} (${types[1]}) are both read from "${parameter.name}" in the ${parameter.in}.`;
    const hint = 'Give both the same type, or read one of them from another parameter: @from(query: "…").';
    return [problemAt(file, node, 'ENDPOINT_FROM', message, hint)];
  });
}

/** Items of a list in a header stand between commas, so that none of them can be JSON. */
export function checkHeaders(
  file: string,
  operation: OperationDefinitionNode,
  parameters: readonly Parameter[],
): Problem[] {
  return parameters.flatMap(({ in: place, type, variable, name }) => {
    const list = getNullableType(type);
    if ((place !== 'header' && place !== 'path') || !isListType(list)) return [];
    const item = getNullableType(list.ofType);
    if (!isListType(item) && !isInputObjectType(item)) return [];
    const node = operation.variableDefinitions?.find((one) => one.variable.name.value === variable);
    const message = `$${variable} (${type}) is read from the ${place} ("${name}"), where a list has no room for lists or objects.`;
    return [problemAt(file, node, 'ENDPOINT_FROM', message, 'Read it from the query string, or from a body.')];
  });
}

/** `@from` must name one place, and not of a variable that the path gives. */
export function checkSources(
  file: string,
  operation: OperationDefinitionNode,
  pathNames: readonly string[],
): Problem[] {
  return (operation.variableDefinitions ?? []).flatMap((definition) => {
    const directive = directiveNamed(definition, 'from');
    if (directive === undefined) return [];
    const name = definition.variable.name.value;
    const named = sourceOf(directive).length;
    const hint = 'Write @from(header: "accept-language"), @from(query: "page") or @from(claim: "sub").';
    if (named !== 1) {
      const message = `@from on $${name} names ${named === 0 ? 'no place' : `${named} places`}; expected one.`;
      return [problemAt(file, directive, 'ENDPOINT_FROM', message, hint)];
    }
    const unreadable = checkSource(sourceOf(directive)[0] ?? ['query', '']);
    if (unreadable) {
      const message = `@from on $${name} cannot give it a value: ${unreadable}.`;
      return [problemAt(file, directive, 'ENDPOINT_FROM', message, hint)];
    }
    if (!pathNames.includes(name)) return [];
    const message = `$${name} is given by the path, so that @from has nothing to say.`;
    return [problemAt(file, directive, 'ENDPOINT_FROM', message, `Take @from or ":${name}" away.`)];
  });
}

function checkSource([place, name]: readonly [ParameterPlace, string]): string | undefined {
  if (place === 'header') return unreadableHeader(name);
  return name === '' ? `the name of the ${place} is empty` : undefined;
}
