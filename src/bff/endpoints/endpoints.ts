import { type DocumentNode, type GraphQLSchema, NoUnusedVariablesRule, print, specifiedRules, validate } from 'graphql';
import type { Problem } from '../../config/problem.ts';
import { type CacheHints, readHints } from '../../operation/cache-hints.ts';
import { matchHints } from '../../operation/match-hints.ts';
import { type TimedSections, timedSections } from '../../operation/timed-sections.ts';
import type { OperationLabel } from '../../shared/request-notes.ts';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import { type Lifting, liftingOf } from '../answering/lift-text.ts';
import { type EntityPlaces, entityPlaces } from '../caching/entities.ts';
import { type CachePolicy, cachePolicy } from '../caching/policy.ts';
import { type IdempotencyRule, idempotencyRule } from '../idempotency/rule.ts';
import { type LoadedShapes, loadShapes } from '../shapes/load-shapes.ts';
import type { Shape } from '../shapes/shape.ts';
import { type AuthRule, authRule } from './auth-rule.ts';
import { type ClientSettings, NO_CLIENT_FILE } from './client-file.ts';
import { type ConfiguredForEndpoints, mismatches } from './config-fit.ts';
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
import { type LateSection, partIntoPieces, readTimedSections, withOperation } from './late-sections.ts';
import { nonNullUses } from './non-null-uses.ts';
import { checkHeaders, checkShared, type Parameter, parametersFor } from './parameters.ts';
import { problemAt, problemOf } from './problem-at.ts';
import { checkRanges } from './range.ts';
import { compareRoutes, parametersOf, type Route } from './route.ts';
import { readSections } from './sections.ts';
import type { Section } from './shape.ts';
import { withTypenames } from './typenames.ts';

/** One operation as the engine gets it. */
export interface LateOperation extends Pick<LateSection, 'path' | 'timeoutMs'> {
  readonly query: string;
}

/** One endpoint, ready to be called. */
export interface Endpoint {
  readonly client: string;
  readonly version: string | undefined;
  readonly name: string;
  /** What people and tags call it: `mobile/dashboard`. */
  readonly id: string;
  readonly file: string;
  readonly label: OperationLabel;
  /** The file as it was read. */
  readonly document: DocumentNode;
  readonly method: Method;
  /** Within the client. */
  readonly route: Route;
  /** The whole pattern, for people: `/bff/mobile/dashboard/:userId`. */
  readonly path: string;
  /** The status of a good answer. */
  readonly status: number;
  /** What the engine executes: the document without the gateway's directives. */
  readonly query: string;
  /** Sections that the rest waits for no longer than a time of their own. */
  readonly timed: TimedSections | undefined;
  /** How the answer is parted where it is sent piece by piece. */
  readonly pieces: { readonly query: string; readonly late: readonly LateOperation[] };
  readonly parameters: readonly Parameter[];
  readonly sections: Section;
  /** How its flattened sections are lifted in the text of an answer, where that can be done. */
  readonly lifting: Lifting | undefined;
  /** Root keys whose null, without an error, means that the thing asked for does not exist. */
  readonly entityKeys: readonly string[];
  readonly settings: ClientSettings;
  readonly auth: AuthRule | undefined;
  readonly cache: CachePolicy | undefined;
  readonly entities: EntityPlaces;
  readonly idempotency: IdempotencyRule | undefined;
  readonly shape: Shape | undefined;
  /** The shaped answer as JSON Schema, where its module says it. */
  readonly shapeSchema: object | undefined;
}

/** An endpoint whose route is known, but which does not fit the schema: it is answered with why. */
export interface BrokenEndpoint
  extends Pick<EndpointFile, 'client' | 'version' | 'id' | 'file' | 'method' | 'route' | 'path'> {
  readonly label: OperationLabel;
  readonly settings: ClientSettings;
  readonly problems: readonly Problem[];
}

export interface LoadedEndpoints {
  readonly endpoints: readonly Endpoint[];
  readonly broken: readonly BrokenEndpoint[];
  /** Everything that is wrong in the folder; those of broken endpoints are among them, and those of settings. */
  readonly problems: readonly Problem[];
  /** What is configured and does not fit. */
  readonly settingProblems: readonly Problem[];
}

/** What endpoints need to know of a schema. */
export type EndpointSchema = Pick<Supergraph, 'publicSchema' | 'types' | 'cacheControl'>;

/** Reads a folder and checks each endpoint against a schema. A folder that is not there has no endpoints. */
export async function loadEndpoints(
  dir: string,
  schema: EndpointSchema,
  configured?: ConfiguredForEndpoints,
): Promise<LoadedEndpoints> {
  const folder = readEndpointFolder(dir);
  return compileEndpoints(folder, schema, { ...configured, shapes: await loadShapes(folder.shapes) });
}

export interface CompileOptions extends ConfiguredForEndpoints {
  readonly shapes: LoadedShapes;
}

interface Compiling {
  readonly folder: EndpointFolder;
  /** The public schema and the directives of endpoints. */
  readonly schema: GraphQLSchema;
  readonly types: Supergraph['types'];
  readonly hints: CacheHints;
  readonly shapes: LoadedShapes;
}

export function compileEndpoints(
  folder: EndpointFolder,
  { publicSchema, types, cacheControl }: EndpointSchema,
  { shapes, ...configured }: CompileOptions,
): LoadedEndpoints {
  const { hints = new Map() } = configured;
  const schema = withEndpointDirectives(publicSchema);
  const compiling = { folder, types, schema, shapes, hints: readHints({ cacheControl }, hints) };
  const endpoints: Endpoint[] = [];
  const broken: BrokenEndpoint[] = [];
  for (const file of folder.files) {
    const settings = folder.settings.get(file.client) ?? NO_CLIENT_FILE;
    const compiled = folder.closed.has(file.client) ? [] : compileEndpoint(file, settings, compiling);
    if (Array.isArray(compiled)) broken.push({ ...file, label: labelOf(file), settings, problems: compiled });
    else endpoints.push(compiled);
  }
  endpoints.sort((a, b) => compareRoutes(a.route, b.route));
  const ofEndpoints = new Set(broken.flatMap((endpoint) => endpoint.problems));
  const settingProblems = mismatches(folder.files, publicSchema, configured);
  const problems = [...folder.problems, ...ofEndpoints, ...settingProblems];
  return { endpoints, broken, problems, settingProblems };
}

function compileEndpoint(file: EndpointFile, settings: ClientSettings, compiling: Compiling): Endpoint | Problem[] {
  const { schema, folder, shapes } = compiling;
  const shapeFile = folder.shapes.get(file.id);
  const invalid = [
    ...invalidities(file, schema, shapeFile !== undefined),
    ...shapes.problems.filter((problem) => problem.file === shapeFile),
  ];
  if (invalid.length > 0) return invalid;
  // A module that shapes answers gets what its document selects.
  return compileValid(shapeFile === undefined ? withTypenames(file, schema) : file, settings, compiling);
}

function compileValid(
  file: EndpointFile,
  settings: ClientSettings,
  { schema, types, hints, shapes }: Compiling,
): Endpoint | Problem[] {
  const sections = readSections(file, schema);
  const timed = readTimedSections(file, schema);
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
  const pieces = partIntoPieces(file, schema);
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
    query: textOf(withOperation(file, file.operation)),
    timed: timedSections(timed.sections),
    pieces: { query: textOf(pieces.main), late: pieces.late.map(operationOf) },
    sections: sections.root,
    lifting: liftingOf(sections.root, document, schema),
    entityKeys: sections.entityKeys,
    auth: auth as AuthRule | undefined,
    cache: cache as CachePolicy | undefined,
    entities: entityPlaces(document, schema),
    idempotency: idempotency as IdempotencyRule | undefined,
    shape: shapes.shapes.get(id),
    shapeSchema: shapes.schemas.get(id),
  };
}

function labelOf({ operation }: EndpointFile): OperationLabel {
  return { name: operation.name?.value, type: operation.operation };
}

function operationOf({ path, timeoutMs, document }: LateSection): LateOperation {
  return { path, timeoutMs, query: textOf(document) };
}

function textOf(document: DocumentNode): string {
  return print(withoutEndpointDirectives(document));
}

/** A shape may use variables that the operation does not. */
const RULES_WITH_SHAPE = specifiedRules.filter((rule) => rule !== NoUnusedVariablesRule);

function invalidities(file: EndpointFile, schema: GraphQLSchema, shaped: boolean): Problem[] {
  return [
    ...validate(schema, file.document, shaped ? RULES_WITH_SHAPE : specifiedRules).map((error) =>
      problemOf(file.file, error, 'GRAPHQL_VALIDATION_FAILED'),
    ),
    ...variablesInEndpointDirectives(file.document).map((directive) => {
      const message = `@${directive.name.value} is read when the file is loaded, so that its arguments cannot be variables.`;
      return problemAt(file.file, directive, 'ENDPOINT_DIRECTIVE', message, 'Write the value itself.');
    }),
    ...checkRanges(file.file, file.operation, schema),
    ...checkStatus(file),
  ];
}

function checkStatus(file: EndpointFile): Problem[] {
  const directive = directiveNamed(file.operation, 'endpoint');
  const status = argumentOf(directive, 'status');
  if (status === undefined || [200, 201, 202, 203].includes(Number(status))) return [];
  const message = `${status} is no status of an answer with data.`;
  return [problemAt(file.file, directive, 'ENDPOINT_STATUS', message, 'Use 200, 201, 202 or 203.')];
}
