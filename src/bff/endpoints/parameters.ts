import type { ConstDirectiveNode, GraphQLInputType, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { GraphQLNonNull, isInputType, isNonNullType, typeFromAST } from 'graphql';
import type { Problem } from '../../config/problem.ts';
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
