import { type GraphQLSchema, isInterfaceType, isObjectType } from 'graphql';
import { nearest } from '../../config/nearest.ts';
import type { Problem } from '../../config/problem.ts';
import { LOGIN_ROUTES } from '../../config/sections/login.ts';
import type { CacheHints } from '../../operation/cache-hints.ts';
import type { EndpointFile } from './endpoint-file.ts';

/** Where something is written. */
export type Place = Pick<Problem, 'file' | 'line' | 'column'>;

/** What the configuration says that endpoints have to do with. */
export interface ConfiguredForEndpoints {
  /** How long fields hold, where the schema does not say. */
  readonly hints?: CacheHints | undefined;
  /** Where the hint for a coordinate is written; by default the name of the setting stands for it. */
  readonly placeOfHint?: ((coordinate: string) => Place) | undefined;
  /** The clients whose users log in here. */
  readonly loginClients?: ReadonlySet<string> | undefined;
}

/** Everything in the configuration that does not fit the endpoints and the schema that are served. */
export function mismatches(
  files: readonly Pick<EndpointFile, 'client' | 'path' | 'file'>[],
  schema: GraphQLSchema,
  { hints = new Map(), placeOfHint = placeOfSetting, loginClients = new Set() }: ConfiguredForEndpoints,
): Problem[] {
  const shadowed = files.flatMap((file) => (loginClients.has(file.client) ? shadowedByLogin(file) : []));
  const unknown = [...hints.keys()].flatMap((coordinate) => {
    const told = unknownCoordinate(coordinate, schema);
    return told === undefined ? [] : [{ ...placeOfHint(coordinate), code: 'UNKNOWN_CACHE_HINT', ...told }];
  });
  return [...unknown, ...shadowed];
}

function placeOfSetting(coordinate: string): Place {
  return { file: `bff.cache.hints."${coordinate}"`, line: 0, column: 0 };
}

/** Login answers at its own paths before any endpoint does. */
function shadowedByLogin({ client, path, file }: Pick<EndpointFile, 'client' | 'path' | 'file'>): Problem[] {
  if (!LOGIN_ROUTES.some((route) => path === `/bff/${client}/${route}`)) return [];
  const message = `${path} is a path of login, which is configured for "${client}": this endpoint is never reached.`;
  const hint = 'Give it another path: @endpoint(path: "/…").';
  return [{ file, line: 1, column: 1, code: 'ENDPOINT_SHADOWED', message, hint }];
}

/** What is wrong with a "Type" or "Type.field" that a schema does not have. */
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
  if (typeName === undefined) return 'Take it away, or name a "Type" or "Type.field" of the schema.';
  return `Did you mean "${fieldName === undefined ? typeName : `${typeName}.${fieldName}`}"?`;
}
