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

/** The part of a request that a parameter is read from; `claim`: the verified credential. */
export type ParameterPlace = 'path' | 'query' | 'header' | 'body' | 'claim';

/** A variable of an endpoint's operation, and where it is read from. */
export interface Parameter {
  /** Name in the request: `userId`, `accept-language`, `sub`. */
  readonly name: string;
  readonly variable: string;
  readonly in: ParameterPlace;
  /** Declared type; non-null where the variable is used in a non-null position. */
  readonly type: GraphQLInputType;
  /** Whether it is non-null and has no default. */
  readonly required: boolean;
  /** Default as JSON; `undefined` where there is none. */
  readonly default: unknown;
  /** Range of a number; `undefined`: any. */
  readonly range?: Range | undefined;
}

/** Returns whether requests with this method have a body. */
export function hasBody(method: Method): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}

const SOURCES = ['query', 'header', 'claim'] as const;

/** Returns the sources in `@from`: `@from(header: "Accept-Language")` is `[["header", "accept-language"]]`. */
function sourceOf(directive: ConstDirectiveNode | undefined): readonly [ParameterPlace, string][] {
  return SOURCES.flatMap((place): [ParameterPlace, string][] => {
    const name = argumentOf(directive, place);
    if (typeof name !== 'string') return [];
    return [[place, place === 'header' ? name.toLowerCase() : name]];
  });
}

/**
 * Returns the parameters of a valid operation: those in the path, and those with `@from`. All others are read from the
 * body, or from the query string for methods without a body.
 * @param nonNull variables that must not be null where they are used, even if they are declared nullable
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
    const defaultPlace: ParameterPlace = hasBody(method) ? 'body' : 'query';
    const [place, name] = pathNames.includes(variable)
      ? (['path', variable] as const)
      : (from ?? [defaultPlace, variable]);
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
 * Merges parameters that several variables are read from. The result is required where one of them is, and its range is the
 * intersection of all ranges.
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

/**
 * Returns the stricter of two bounds.
 * @param sign 1 for the greater bound, -1 for the smaller
 */
function stricter(a: Range['min'], b: Range['min'], sign: 1 | -1): Range['min'] {
  if (a === undefined || b === undefined) return a ?? b;
  return compareNumbers(a, b) * sign > 0 ? a : b;
}

/** Checks that variables that are read from the same parameter have the same type. */
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
    const hint = 'Use the same type for both, or read one of them from another parameter: @from(query: "…").';
    return [problemAt(file, node, 'ENDPOINT_FROM', message, hint)];
  });
}

/** Checks lists in headers and paths: their items are separated by commas, so they cannot be JSON. */
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
    const message = `$${variable} (${type}) is read from the ${place} ("${name}"), where a list cannot contain lists or objects.`;
    return [problemAt(file, node, 'ENDPOINT_FROM', message, 'Read it from the query string or from a body.')];
  });
}

/** Checks that `@from` names one source, and that the variable is not in the path. */
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
      const message = `@from on $${name} names ${named === 0 ? 'no source' : `${named} sources`}; expected one.`;
      return [problemAt(file, directive, 'ENDPOINT_FROM', message, hint)];
    }
    const unreadable = checkSource(sourceOf(directive)[0] ?? ['query', '']);
    if (unreadable) {
      const message = `Invalid source in @from on $${name}: ${unreadable}.`;
      return [problemAt(file, directive, 'ENDPOINT_FROM', message, hint)];
    }
    if (!pathNames.includes(name)) return [];
    const message = `$${name} is read from the path, so @from would be ignored.`;
    return [problemAt(file, directive, 'ENDPOINT_FROM', message, `Remove @from or ":${name}".`)];
  });
}

function checkSource([place, name]: readonly [ParameterPlace, string]): string | undefined {
  if (place === 'header') return unreadableHeader(name);
  return name === '' ? `the name of the ${place} is empty` : undefined;
}
