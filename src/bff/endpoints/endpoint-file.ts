import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { GraphQLError, Kind, OperationTypeNode, parse, Source } from 'graphql';
import type { Problem } from '../../config/problem.ts';
import { argumentOf, directiveNamed, METHODS, type Method } from './directives.ts';
import { checkSources } from './parameters.ts';
import { problemAt, problemOf } from './problem-at.ts';
import { parametersOf, parseRoute, type Route } from './route.ts';

/** A parsed file of the `bff/` folder, before it is checked against the schema. */
export interface EndpointFile {
  readonly file: string;
  readonly client: string;
  /** `v2` for `bff/CLIENT/v2/NAME.graphql`. */
  readonly version: string | undefined;
  readonly name: string;
  /** Id in logs and tags: `mobile/dashboard`, `mobile/v2/dashboard`. */
  readonly id: string;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly method: Method;
  /** Route after `/bff/CLIENT`. */
  readonly route: Route;
  /** Full path pattern: `/bff/mobile/dashboard/:userId`. */
  readonly path: string;
}

/** Location of a file: `bff/mobile/dashboard.graphql` has the client `mobile` and the name `dashboard`. */
export interface EndpointPlace {
  readonly file: string;
  readonly client: string;
  readonly version?: string | undefined;
  readonly name: string;
}

/**
 * Parses an endpoint's document: its single operation and the route of `@endpoint`. The default path is `/NAME`. The
 * default method is POST for a mutation, and else GET.
 */
export function readEndpointFile(place: EndpointPlace, text: string): EndpointFile | Problem[] {
  const { file } = place;
  let document: DocumentNode;
  try {
    document = parse(new Source(text, file));
  } catch (error) {
    if (error instanceof GraphQLError) return [problemOf(file, error, 'GRAPHQL_PARSE_FAILED')];
    throw error;
  }
  const operation = onlyOperation(file, document);
  if (!('kind' in operation)) return [operation];
  const endpoint = directiveNamed(operation, 'endpoint');
  const given = argumentOf(endpoint, 'path');
  const path = typeof given === 'string' ? given : `/${place.name}`;
  const method = methodOf(operation, argumentOf(endpoint, 'method'));
  const route = parseRoute(path);
  if (typeof route === 'string') {
    const hint = 'A path looks like "/dashboard/:userId"; the variable $userId gets the value of ":userId".';
    return [problemAt(file, endpoint, 'ENDPOINT_PATH', route, hint)];
  }
  const problems = [
    ...checkParameters(file, operation, route, path),
    ...checkSources(file, operation, parametersOf(route)),
    ...checkMethod(file, operation, method),
  ];
  if (problems.length > 0) return problems;
  const { client, version, name } = place;
  const folder = version === undefined ? client : `${client}/${version}`;
  return {
    ...{ file, client, version, name, document, operation, method },
    id: `${folder}/${name}`,
    route: version === undefined ? route : [{ literal: version }, ...route],
    path: `/bff/${folder}${path === '/' ? '' : path}`,
  };
}

function onlyOperation(file: string, document: DocumentNode): OperationDefinitionNode | Problem {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const [first, second] = operations;
  if (first === undefined) {
    const hint = 'Add one query, mutation or subscription with @endpoint(path: "/…").';
    return problemAt(file, undefined, 'ENDPOINT_OPERATIONS', 'The file has no operation.', hint);
  }
  if (second !== undefined) {
    const message = `The file has ${operations.length} operations; an endpoint has exactly one.`;
    return problemAt(file, second, 'ENDPOINT_OPERATIONS', message, 'Move each further operation to a file of its own.');
  }
  return first;
}

/** Returns the endpoint's method. Validation reports an unknown method; here it is ignored. */
function methodOf(operation: OperationDefinitionNode, given: unknown): Method {
  const known = METHODS.find((method) => method === given);
  return known ?? (operation.operation === OperationTypeNode.MUTATION ? 'POST' : 'GET');
}

function checkParameters(file: string, operation: OperationDefinitionNode, route: Route, path: string): Problem[] {
  const variables = new Set(operation.variableDefinitions?.map((definition) => definition.variable.name.value));
  return parametersOf(route)
    .filter((name) => !variables.has(name))
    .map((name) => {
      const message = `The path "${path}" has the parameter ":${name}", but the operation has no variable $${name}.`;
      const hint = `Declare it, as in "query (${`$${name}`}: ID!)", or remove ":${name}" from the path.`;
      return problemAt(file, directiveNamed(operation, 'endpoint'), 'ENDPOINT_PATH', message, hint);
    });
}

const METHODS_OF: Readonly<Record<OperationTypeNode, readonly Method[]>> = {
  query: ['GET', 'POST'],
  mutation: ['POST', 'PUT', 'PATCH', 'DELETE'],
  subscription: ['GET'],
};

const METHOD_HINTS: Readonly<Record<OperationTypeNode, string>> = {
  query: 'Use GET, or POST where the parameters are too large for a URL.',
  mutation: 'Use POST, PUT, PATCH or DELETE: clients, proxies and caches may repeat or cache a GET.',
  subscription: 'Use GET: its response is a stream of events, as browsers read it with EventSource.',
};

function checkMethod(file: string, operation: OperationDefinitionNode, method: Method): Problem[] {
  if (METHODS_OF[operation.operation].includes(method)) return [];
  const message = `A ${operation.operation} cannot be a ${method} endpoint.`;
  const hint = METHOD_HINTS[operation.operation];
  return [problemAt(file, directiveNamed(operation, 'endpoint'), 'ENDPOINT_METHOD', message, hint)];
}
