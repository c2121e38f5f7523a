import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  Kind,
  NoUnusedVariablesRule,
  print,
  specifiedRules,
  validate,
} from 'graphql';
import type { Problem } from '../../config/problem.ts';
import { type CacheHints, readHints } from '../../operation/cache-hints.ts';
import { type DeferGroups, deferGroups } from '../../operation/defer-groups.ts';
import { matchHints } from '../../operation/match-hints.ts';
import { operationTypeRule } from '../../operation/operation-type.ts';
import type { OperationLabel } from '../../shared/request-notes.ts';
import { runToEnd, type Steps } from '../../shared/steps.ts';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import { type EntityPlaces, entityPlaces } from '../caching/entities.ts';
import { type CachePolicy, cachePolicy } from '../caching/policy.ts';
import { type Lifting, liftingOf } from '../handlers/lift-text.ts';
import { type IdempotencyRule, idempotencyRule } from '../idempotency/rule.ts';
import { type LoadedShapes, loadShapes } from '../shapes/load-shapes.ts';
import type { Shape } from '../shapes/shape.ts';
import { type AuthRule, authRule } from './auth-rule.ts';
import { type ClientSettings, NO_CLIENT_FILE } from './client-file.ts';
import { type EndpointConfig, endpointMismatches, limitExcesses } from './config-check.ts';
import { executedDocument, readDeferGroups, readStreamedGroups } from './defer-groups.ts';
import {
  argumentOf,
  directiveNamed,
  type Method,
  variablesInEndpointDirectives,
  withEndpointDirectives,
  withoutEndpointDirectives,
} from './directives.ts';
import type { EndpointFile } from './endpoint-file.ts';
import { type EndpointFolder, readEndpointFolder } from './folder.ts';
import { nonNullUses } from './non-null-uses.ts';
import { checkHeaders, checkShared, type Parameter, parametersFor } from './parameters.ts';
import { problemAt, problemOf } from './problem-at.ts';
import { checkRanges } from './range.ts';
import { compareRoutes, parametersOf, type Route } from './route.ts';
import { readSections } from './sections.ts';
import type { Section } from './shape.ts';
import { withTypenames } from './typenames.ts';

/** A compiled endpoint. */
export interface Endpoint {
  readonly client: string;
  readonly version: string | undefined;
  readonly name: string;
  /** Id in logs and tags: `mobile/dashboard`. */
  readonly id: string;
  readonly file: string;
  readonly label: OperationLabel;
  /** The parsed document. */
  readonly document: DocumentNode;
  readonly method: Method;
  /** Route after `/bff/CLIENT`. */
  readonly route: Route;
  /** Full path pattern: `/bff/mobile/dashboard/:userId`. */
  readonly path: string;
  /** HTTP status of a successful response. */
  readonly status: number;
  /** Query that the engine executes: the document without endpoint directives. */
  readonly query: string;
  /** Sections with a timeout of their own. */
  readonly timed: DeferGroups | undefined;
  /** Sections that a streamed response has after its first part. */
  readonly streamed: DeferGroups | undefined;
  readonly parameters: readonly Parameter[];
  readonly sections: Section;
  /** How to flatten sections in the JSON text of a response; `undefined` where the text must be parsed. */
  readonly lifting: Lifting | undefined;
  /** Root keys of entities. Null without an error means that the entity does not exist. */
  readonly entityKeys: readonly string[];
  readonly settings: ClientSettings;
  readonly auth: AuthRule | undefined;
  readonly cache: CachePolicy | undefined;
  readonly entities: EntityPlaces;
  readonly idempotency: IdempotencyRule | undefined;
  readonly shape: Shape | undefined;
  /** JSON Schema of the shaped response, where the shape module exports one. */
  readonly shapeSchema: object | undefined;
}

/** An endpoint with a route that is invalid for the schema. It responds with its problems. */
export interface BrokenEndpoint
  extends Pick<EndpointFile, 'client' | 'version' | 'id' | 'file' | 'method' | 'route' | 'path'> {
  readonly label: OperationLabel;
  readonly settings: ClientSettings;
  readonly problems: readonly Problem[];
}

/** The endpoints of a folder, checked against a schema. */
export interface LoadedEndpoints {
  readonly endpoints: readonly Endpoint[];
  readonly broken: readonly BrokenEndpoint[];
  /** All problems, including those of broken endpoints and of settings. */
  readonly problems: readonly Problem[];
  /** Problems of the configuration. */
  readonly settingProblems: readonly Problem[];
}

/** The parts of a supergraph that endpoints are compiled with. */
export type EndpointSchema = Pick<Supergraph, 'publicSchema' | 'types' | 'cacheControl'>;

/** Reads a folder and checks each endpoint against a schema. A missing folder has no endpoints. */
export async function loadEndpoints(
  dir: string,
  schema: EndpointSchema,
  config?: EndpointConfig,
): Promise<LoadedEndpoints> {
  const folder = readEndpointFolder(dir);
  return compileEndpoints(folder, schema, { ...config, shapes: await loadShapes(folder.shapes) });
}

export interface CompileOptions extends EndpointConfig {
  readonly shapes: LoadedShapes;
}

interface CompileContext {
  readonly folder: EndpointFolder;
  /** The public schema with the directives of endpoints. */
  readonly schema: GraphQLSchema;
  readonly types: Supergraph['types'];
  readonly hints: CacheHints;
  readonly shapes: LoadedShapes;
  readonly limits: EndpointConfig['limits'];
}

/** Compiles the endpoints of a folder against a schema. Broken endpoints and all problems are part of the result. */
export function compileEndpoints(
  folder: EndpointFolder,
  schema: EndpointSchema,
  options: CompileOptions,
): LoadedEndpoints {
  return runToEnd(compileEndpointsInSteps(folder, schema, options));
}

/** Does the same as {@link compileEndpoints}, in steps. */
export function* compileEndpointsInSteps(
  folder: EndpointFolder,
  { publicSchema, types, cacheControl }: EndpointSchema,
  { shapes, ...config }: CompileOptions,
): Steps<LoadedEndpoints> {
  const { hints = new Map() } = config;
  const schema = yield* withEndpointDirectives(publicSchema);
  const context = { folder, types, schema, shapes, hints: readHints({ cacheControl }, hints), limits: config.limits };
  const endpoints: Endpoint[] = [];
  const broken: BrokenEndpoint[] = [];
  for (const file of folder.files) {
    const settings = folder.settings.get(file.client) ?? NO_CLIENT_FILE;
    const compiled = folder.blocked.has(file.client) ? [] : compileEndpoint(file, settings, context);
    if (Array.isArray(compiled)) broken.push({ ...file, label: labelOf(file), settings, problems: compiled });
    else endpoints.push(compiled);
    yield;
  }
  endpoints.sort((a, b) => compareRoutes(a.route, b.route));
  const endpointProblems = new Set(broken.flatMap((endpoint) => endpoint.problems));
  const settingProblems = endpointMismatches(folder.files, publicSchema, config);
  const problems = [...folder.problems, ...endpointProblems, ...settingProblems];
  return { endpoints, broken, problems, settingProblems };
}

function compileEndpoint(file: EndpointFile, settings: ClientSettings, context: CompileContext): Endpoint | Problem[] {
  const { schema, folder, shapes } = context;
  const shapeFile = folder.shapes.get(file.id);
  const invalid = [
    ...validateFile(file, schema, shapeFile !== undefined),
    ...shapes.problems.filter((problem) => problem.file === shapeFile),
  ];
  if (invalid.length > 0) return invalid;
  // a shape module gets exactly what its document selects
  const compiled = compileValid(shapeFile === undefined ? withTypenames(file, schema) : file, settings, context);
  if (Array.isArray(compiled) || context.limits === undefined) return compiled;
  const excesses = limitExcesses(file.file, compiled.query, context.limits);
  return excesses.length > 0 ? excesses : compiled;
}

function compileValid(
  file: EndpointFile,
  settings: ClientSettings,
  { schema, types, hints, shapes }: CompileContext,
): Endpoint | Problem[] {
  const sections = readSections(file, schema);
  const timed = readDeferGroups(file, schema);
  const nonNull = nonNullUses(file.document, schema);
  const parameters = parametersFor(file.operation, schema, parametersOf(file.route), file.method, nonNull);
  const auth = authRule(file, settings);
  const required = auth !== undefined && !Array.isArray(auth) && auth.required;
  const cache = cachePolicy(file, parameters, matchHints(file.document, { schema, types, hints }), settings, required);
  const idempotency = idempotencyRule(file);
  const problems = [
    sections.problems,
    timed.problems,
    checkShared(file.file, file.operation, parameters),
    checkHeaders(file.file, file.operation, parameters),
    ...[auth, cache, idempotency].filter((one) => Array.isArray(one)),
  ];
  if (problems.some((some) => some.length > 0)) return problems.flat();
  const { client, version, name, id, method, route, path, document } = file;
  const isSubscription = file.operation.operation === 'subscription';
  const shape = shapes.shapes.get(id);
  return {
    ...{
      client,
      version,
      name,
      id,
      label: labelOf(file),
      file: file.file,
      document,
      method,
      route,
      path,
      settings,
      parameters,
    },
    status: Number(argumentOf(directiveNamed(file.operation, 'endpoint'), 'status') ?? 200),
    query: print(withoutEndpointDirectives(executedDocument(file))),
    timed: deferGroups(timed.groups),
    // a shape needs all of the data
    streamed: shape === undefined && !isSubscription ? deferGroups(readStreamedGroups(file, schema)) : undefined,
    sections: sections.root,
    lifting: liftingOf(sections.root, document, schema),
    // an event of a subscription may be null
    entityKeys: isSubscription ? [] : sections.entityKeys,
    auth: auth as AuthRule | undefined,
    cache: cache as CachePolicy | undefined,
    entities: entityPlaces(document, schema),
    idempotency: idempotency as IdempotencyRule | undefined,
    shape,
    shapeSchema: shapes.schemas.get(id),
  };
}

function labelOf({ operation }: EndpointFile): OperationLabel {
  return { name: operation.name?.value, type: operation.operation };
}

const RULES = [operationTypeRule, ...specifiedRules];
/** A shape may use variables that the operation does not. */
const RULES_WITH_SHAPE = RULES.filter((rule) => rule !== NoUnusedVariablesRule);

function validateFile(file: EndpointFile, schema: GraphQLSchema, shaped: boolean): Problem[] {
  return [
    ...validate(schema, file.document, shaped ? RULES_WITH_SHAPE : RULES).map((error) =>
      problemOf(file.file, error, 'GRAPHQL_VALIDATION_FAILED', hintFor(error)),
    ),
    ...variablesInEndpointDirectives(file.document).map((directive) => {
      const message = `Arguments of @${directive.name.value} cannot be variables, because the directive is read when the file is loaded.`;
      return problemAt(file.file, directive, 'ENDPOINT_DIRECTIVE', message, 'Use a constant value.');
    }),
    ...checkRanges(file.file, file.operation, schema),
    ...checkStatus(file),
  ];
}

/** Returns what to use in place of `@defer` and `@stream`, which are for GraphQL clients. */
function hintFor({ nodes, message }: GraphQLError): string | undefined {
  const [node] = nodes ?? [];
  const name = node?.kind === Kind.DIRECTIVE ? node.name.value : undefined;
  if (name === undefined || !INCREMENTAL.has(name) || !message.startsWith('Unknown directive')) return undefined;
  return `Remove @${name}. A section with @optional comes later where the client accepts text/event-stream.`;
}

const INCREMENTAL: ReadonlySet<string> = new Set(['defer', 'stream']);

function checkStatus(file: EndpointFile): Problem[] {
  const directive = directiveNamed(file.operation, 'endpoint');
  const status = argumentOf(directive, 'status');
  const allowed = file.operation.operation === 'subscription' ? [200] : [200, 201, 202, 203];
  if (status === undefined || allowed.includes(Number(status))) return [];
  if (allowed.length === 1) {
    const message = `${status} is not a status of a stream of events: browsers accept only 200.`;
    return [problemAt(file.file, directive, 'ENDPOINT_STATUS', message, 'Remove "status".')];
  }
  const message = `${status} is not a status of a response with data.`;
  return [problemAt(file.file, directive, 'ENDPOINT_STATUS', message, 'Use 200, 201, 202 or 203.')];
}
