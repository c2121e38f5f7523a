import { createResolver, type OpenApiDocument, type Resolver, type Schema, textOf } from './document.ts';
import { type EnumModel, type ObjectModel, objectsOf as objectsOfType, type TypeRef, unionOf } from './model.ts';
import { Names } from './names.ts';
import { type RootField, readOperations } from './operations.ts';
import { trimTypes } from './trim.ts';
import { TypeBuilder } from './types.ts';
import { usesScalar, writeEnum, writeObject, writeRoot, writeUnion } from './write.ts';

/** The document cannot be converted. The message contains the reason. */
export class OpenApiError extends Error {
  override readonly name = 'OpenApiError';
}

/** The result of a conversion. */
export interface Conversion {
  /** A schema file with connectors. */
  readonly sdl: string;
  /** Operations that were left out, with reasons. */
  readonly leftOut: readonly string[];
  readonly fields: number;
  /** Environment variable for the API's URL; only where the document does not contain the URL. */
  readonly unknownServer: string | undefined;
}

/** Options of a conversion. */
export interface ConversionOptions {
  /** Name of the source, and of its variable: `pets` and `PETS_URL`. */
  readonly name: string;
  /** URL of the document, the base of relative server URLs. */
  readonly location?: string | undefined;
}

/**
 * Converts an OpenAPI 3 document to a connectors schema: operations become root fields, schemas become types. Throws
 * `OpenApiError`.
 */
export function convertOpenApi(document: OpenApiDocument, { name, location }: ConversionOptions): Conversion {
  checkVersion(document);
  checkReferences(document);
  const resolve = createResolver(document);
  const shared = { names: Names.ofTypes(), enums: new Map<string, EnumModel>() };
  const known = new Map<Schema, string>();
  for (const [schemaName, schema] of Object.entries(document.components?.schemas ?? {})) known.set(schema, schemaName);
  const output = new TypeBuilder('output', resolve, known, shared);
  const input = new TypeBuilder('input', resolve, known, shared);
  const { fields, leftOut } = readOperations(document, { output, input, resolve });
  const queries = fields.filter(({ root }) => root === 'Query');
  if (fields.length === 0) throw noOperations(leftOut);
  trimTypes(objectsOf(fields.map((field) => field.output)));
  breakInputCycles(input.objects);
  const types = writeTypes(fields, input, shared.enums);
  const mutations = fields.filter(({ root }) => root === 'Mutation');
  const server = serverOf(document, location);
  const parts = [
    writeHeader(document, name, server.url, resolve, leftOut),
    ...(queries.length > 0 ? [writeRoot('Query', queries, name)] : []),
    ...(mutations.length > 0 ? [writeRoot('Mutation', mutations, name)] : []),
    ...types,
  ];
  const unknownServer = server.isKnown ? undefined : `${variableOf(name)}_URL`;
  return { sdl: `${parts.join('\n\n')}\n`, leftOut, fields: fields.length, unknownServer };
}

function checkVersion({ openapi }: OpenApiDocument): void {
  const version = textOf(openapi);
  if (version === undefined || !/^3\./.test(version)) {
    const what = version === undefined ? 'It has no "openapi" version' : `Its version is ${version}`;
    throw new OpenApiError(
      `This is not an OpenAPI 3 document. ${what}. Convert Swagger 2 with a tool such as swagger2openapi.`,
    );
  }
}

/** Rejects operations in other files. Schemas in other files are allowed: their values are JSON. */
function checkReferences({ paths = {} }: OpenApiDocument): void {
  const open: unknown[] = [paths];
  // a path item, an operation, and its parameters, body and responses
  for (let depth = 0; depth < 5; depth++) {
    for (const at of open.splice(0)) {
      if (typeof at !== 'object' || at === null) continue;
      const { $ref } = at as { $ref?: unknown };
      if (typeof $ref === 'string' && !$ref.startsWith('#')) throw inOtherFile($ref);
      for (const [key, value] of Object.entries(at)) if (key !== 'schema' && key !== 'content') open.push(value);
    }
  }
}

function inOtherFile(reference: string): OpenApiError {
  const hint = 'Bundle it into one file first: `npx @redocly/cli bundle FILE -o bundled.yaml`.';
  return new OpenApiError(`The document refers to other files, such as "${reference}", which are not read. ${hint}`);
}

/** Maximum number of reasons in a message. */
const REASONS = 3;

function noOperations(leftOut: readonly string[]): OpenApiError {
  const reasons = leftOut.slice(0, REASONS).map((reason) => `\n  left out  ${reason}`);
  if (leftOut.length > REASONS) reasons.push(`\n  and ${leftOut.length - REASONS} more`);
  return new OpenApiError(`The document has no operation with JSON requests and responses.${reasons.join('')}`);
}

function objectsOf(types: readonly (TypeRef | undefined)[]): ObjectModel[] {
  return types.flatMap((type) => (type === undefined ? [] : objectsOfType(type)));
}

/** Writes the types that are used. Types whose only uses were replaced with JSON are left out. */
function writeTypes(fields: readonly RootField[], input: TypeBuilder, enums: ReadonlyMap<string, EnumModel>): string[] {
  const outputs = reachable(objectsOf(fields.map((field) => field.output)));
  const inputs = reachable([
    ...objectsOf(fields.map(({ body }) => body?.type)),
    ...objectsOf(fields.flatMap(({ args }) => args.map(({ type }) => type))),
  ]);
  const used: TypeRef[] = [
    ...[...outputs, ...inputs].flatMap((object) => object.fields.map(({ type }) => type)),
    ...fields.flatMap(({ args, body, output }) => [
      ...args.map(({ type }) => type),
      ...[body?.type, output].filter((type) => type !== undefined),
    ]),
  ];
  const unions = new Set(used.flatMap((type) => unionOf(type) ?? []));
  const ordered = input.objects.filter((object) => inputs.has(object));
  return [
    ...[...outputs].map((object) => writeObject('type', object)),
    ...[...unions].map(writeUnion),
    ...ordered.map((object) => writeObject('input', object)),
    ...[...enums.values()].filter(({ name }) => usesScalar(name, used)).map(writeEnum),
    ...['JSON', 'BigInt'].filter((name) => usesScalar(name, used)).map((name) => `scalar ${name}`),
  ];
}

function reachable(roots: readonly ObjectModel[]): Set<ObjectModel> {
  const found = new Set<ObjectModel>();
  const open = [...roots];
  for (let object = open.pop(); object !== undefined; object = open.pop()) {
    if (found.has(object)) continue;
    found.add(object);
    open.push(...objectsOf(object.fields.map(({ type }) => type)));
  }
  return found;
}

/** Makes recursive required input fields optional: no finite value could satisfy them. */
function breakInputCycles(objects: readonly ObjectModel[]): void {
  for (const object of objects) {
    for (const field of object.fields) {
      if (field.type.kind === 'object' && reachable([field.type.object]).has(object)) field.required = false;
    }
  }
}

function writeHeader(
  document: OpenApiDocument,
  name: string,
  url: string,
  resolve: Resolver,
  leftOut: readonly string[],
): string {
  const variable = variableOf(name);
  const headers = headersOf(document, variable, resolve);
  const list =
    headers.length === 0
      ? ''
      : `\n      headers: [\n${headers.map((header) => `        ${header}`).join('\n')}\n      ]`;
  const title = textOf(document.info?.title)?.replaceAll(/\s+/g, ' ');
  const lines = [
    ...(title === undefined ? [] : [`# ${title}`]),
    '# Generated from an OpenAPI document. Edit it: field names, nullability and keys are a first guess.',
    ...(leftOut.length > 0 ? ['# Left out:', ...leftOut.map((line) => `#   ${line.replaceAll(/\s+/g, ' ')}`)] : []),
  ];
  return `${lines.join('\n')}\nextend schema\n  @source(\n    name: "${name}"\n    http: {\n      baseURL: ${JSON.stringify(`\${${variable}_URL:-${url}}`)}${list}\n    }\n  )`;
}

const PLACEHOLDER_URL = 'http://localhost:8080';

function variableOf(name: string): string {
  return name.replaceAll(/[^0-9A-Za-z]+/g, '_').toUpperCase();
}

interface Server {
  readonly url: string;
  /** Whether the document, or its own URL, contains the host. */
  readonly isKnown: boolean;
}

function serverOf({ servers }: OpenApiDocument, location: string | undefined): Server {
  const [server] = servers ?? [];
  const text = (textOf(server?.url) ?? '/').replaceAll(/\{([^{}]+)\}/g, (_, variable: string) => {
    const value = server?.variables?.[variable]?.default;
    return value === undefined ? variable : String(value);
  });
  const base = location !== undefined && /^https?:/.test(location) ? location : PLACEHOLDER_URL;
  const url = URL.canParse(text, base) ? new URL(text, base).href : base;
  if (!/^https?:/.test(url)) return { url: PLACEHOLDER_URL, isKnown: false };
  return {
    url: url.replaceAll('}', '%7D').replace(/\/$/, ''),
    isKnown: base !== PLACEHOLDER_URL || URL.canParse(text),
  };
}

/** Returns the headers for credentials: those of the client are forwarded; the gateway's API key is an environment variable. */
function headersOf(document: OpenApiDocument, variable: string, resolve: Resolver): string[] {
  const schemes = Object.values(document.components?.securitySchemes ?? {}).map((scheme) => resolve(scheme));
  const headers = schemes.flatMap((scheme) => {
    if (scheme?.type === 'http' || scheme?.type === 'oauth2' || scheme?.type === 'openIdConnect') {
      return ['{name: "Authorization", from: "authorization"}'];
    }
    const header = textOf(scheme?.name);
    if (scheme?.type !== 'apiKey' || scheme.in !== 'header' || header === undefined) return [];
    if (header.toLowerCase() === 'authorization') return ['{name: "Authorization", from: "authorization"}'];
    return [`{name: ${JSON.stringify(header)}, value: "{$env.${variable}_KEY}"}`];
  });
  return [...new Set(headers)];
}
