import { type GraphQLSchema, isInterfaceType, isObjectType } from 'graphql';
import { nearest } from '../../config/nearest.ts';
import type { Problem } from '../../config/problem.ts';
import { LOGIN_ROUTES } from '../../config/sections/login.ts';
import type { CacheHints } from '../../operation/cache-hints.ts';
import { type DocumentLimits, limitErrors } from '../../policy/limits/document-limits.ts';
import type { EndpointFile } from './endpoint-file.ts';

/** A place in a file. */
export type Place = Pick<Problem, 'file' | 'line' | 'column'>;

/** The parts of the configuration that endpoints are checked against. */
export interface EndpointConfig {
  /** Cache hints of fields that have none in the schema. */
  readonly hints?: CacheHints | undefined;
  /** Returns the place of the hint for a coordinate. Default: the name of the setting. */
  readonly placeOfHint?: ((coordinate: string) => Place) | undefined;
  /** Whether clients can subscribe. Default true. */
  readonly hasSubscriptions?: boolean | undefined;
  /** The limits of operations, which those of endpoints must not exceed either. Default: none. */
  readonly limits?: DocumentLimits | undefined;
  /** Clients whose users log in at the gateway. */
  readonly loginClients?: ReadonlySet<string> | undefined;
}

type CheckedFile = Pick<EndpointFile, 'client' | 'path' | 'file' | 'operation'>;

/** Returns the problems of configuration that does not match the endpoints or the schema. */
export function endpointMismatches(
  files: readonly CheckedFile[],
  schema: GraphQLSchema,
  { hints = new Map(), placeOfHint = placeOfSetting, loginClients = new Set(), hasSubscriptions }: EndpointConfig,
): Problem[] {
  const silent = hasSubscriptions === false ? files.flatMap(withoutEvents) : [];
  const shadowed = files.flatMap((file) => (loginClients.has(file.client) ? shadowedByLogin(file) : []));
  const unknown = [...hints.keys()].flatMap((coordinate) => {
    const problem = unknownCoordinate(coordinate, schema);
    return problem === undefined ? [] : [{ ...placeOfHint(coordinate), code: 'UNKNOWN_CACHE_HINT', ...problem }];
  });
  return [...unknown, ...shadowed, ...silent];
}

/** Returns the problem of an operation that the engine would refuse whenever the endpoint is called. */
export function limitExcesses(file: string, query: string, limits: NonNullable<EndpointConfig['limits']>): Problem[] {
  const hint = 'Divide the endpoint into several ones, or raise the limit.';
  return limitErrors(query, limits).map(({ message, extensions }) => {
    return { file, line: 1, column: 1, code: String(extensions?.code), message, hint };
  });
}

function placeOfSetting(coordinate: string): Place {
  return { file: `bff.cache.hints."${coordinate}"`, line: 0, column: 0 };
}

function withoutEvents({ file, operation }: CheckedFile): Problem[] {
  if (operation.operation !== 'subscription') return [];
  const message = 'This endpoint is a subscription, but subscription.enabled is false, so it has no events.';
  const hint = 'Set subscription.enabled to true, or remove the file.';
  return [{ file, line: 1, column: 1, code: 'ENDPOINT_SUBSCRIPTION', message, hint }];
}

/** Login handles its own paths before any endpoint. */
function shadowedByLogin({ client, path, file }: Pick<EndpointFile, 'client' | 'path' | 'file'>): Problem[] {
  if (!LOGIN_ROUTES.some((route) => path === `/bff/${client}/${route}`)) return [];
  const message = `${path} is a login path of the client "${client}", so this endpoint is never reached.`;
  const hint = 'Use another path: @endpoint(path: "/…").';
  return [{ file, line: 1, column: 1, code: 'ENDPOINT_SHADOWED', message, hint }];
}

/** Returns the problem of a "Type" or "Type.field" that does not exist in a schema; `undefined` where it exists. */
export function unknownCoordinate(
  coordinate: string,
  schema: GraphQLSchema,
): Pick<Problem, 'message' | 'hint'> | undefined {
  const [typeName = '', fieldName] = coordinate.split('.');
  const type = schema.getType(typeName);
  if (type === undefined) {
    const names = Object.keys(schema.getTypeMap()).filter((name) => !name.startsWith('__'));
    return { message: `The schema has no type "${typeName}".`, hint: didYouMean(nearest(typeName, names), fieldName) };
  }
  if (fieldName === undefined) return undefined;
  const fields = isObjectType(type) || isInterfaceType(type) ? type.getFields() : {};
  if (Object.hasOwn(fields, fieldName)) return undefined;
  const message = `The type "${typeName}" has no field "${fieldName}".`;
  const [near] = nearest(fieldName, Object.keys(fields));
  return { message, hint: didYouMean(near === undefined ? [] : [typeName], near) };
}

function didYouMean([typeName]: readonly string[], fieldName: string | undefined): string {
  if (typeName === undefined) return 'Remove it, or use a "Type" or "Type.field" of the schema.';
  return `Did you mean "${fieldName === undefined ? typeName : `${typeName}.${fieldName}`}"?`;
}
