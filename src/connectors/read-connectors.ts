import {
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
} from 'graphql';
import { ArgumentReader, type Expander } from './argument-reader.ts';
import type { ApiSource, Connector, ConnectorPlace, Connectors } from './connector.ts';
import { type ConnectorProblem, didYouMean, problemAt } from './connector-problem.ts';
import { type DirectiveNames, readDirectiveNames } from './directive-names.ts';

/** The connectors of a file with their problems. */
export interface ConnectorsRead extends Connectors {
  readonly connectorProblems: readonly ConnectorProblem[];
}

/**
 * Reads the connectors of a schema file: `@source` and `@connect` of version 0.2 of their specification, with the mapping
 * language of later versions.
 * @param expand expands `${VARIABLES}`
 * @see https://www.apollographql.com/docs/graphos/connectors/reference/directives
 */
export function readConnectors(document: DocumentNode, expand: Expander): ConnectorsRead {
  const names = readDirectiveNames(document);
  const connectorProblems: ConnectorProblem[] = [];
  const reader = new ArgumentReader(expand, connectorProblems);
  const sources = readSources(document, names, reader);
  const connectors: Connector[] = [];
  for (const { place, node } of connectUses(document, names)) {
    const connector = readConnector(place, node, sources, reader);
    if (connector !== undefined) connectors.push(connector);
  }
  return { document, sources, connectors, connectorProblems };
}

function readSources(document: DocumentNode, names: DirectiveNames, reader: ArgumentReader): Map<string, ApiSource> {
  const sources = new Map<string, ApiSource>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.SCHEMA_EXTENSION && definition.kind !== Kind.SCHEMA_DEFINITION) continue;
    for (const node of definition.directives ?? []) {
      if (node.name.value !== names.source) continue;
      const source = readSource(node, reader);
      if (source === undefined) continue;
      if (sources.has(source.name)) {
        const message = `There are two sources named "${source.name}".`;
        reader.connectorProblems.push(problemAt(node, 'DUPLICATE_SOURCE_NAME', message, 'Rename one of them.'));
      }
      sources.set(source.name, source);
    }
  }
  return sources;
}

const SOURCE_ARGUMENTS = ['name', 'http', 'errors', 'isSuccess'];
const SOURCE_HTTP = ['baseURL', 'headers', 'path', 'queryParams'];

function readSource(node: ConstDirectiveNode, reader: ArgumentReader): ApiSource | undefined {
  const before = reader.references.length;
  const args = reader.fields(node, SOURCE_ARGUMENTS);
  const name = reader.string(args.get('name'));
  const http = reader.object(args.get('http'), SOURCE_HTTP);
  const base = http?.get('baseURL');
  if (name === undefined || http === undefined || base === undefined) {
    const hint = 'Example: @source(name: "api", http: {baseURL: "https://api.example.com"}).';
    reader.connectorProblems.push(
      problemAt(node, 'INCOMPLETE_SOURCE', '@source needs a name and http: {baseURL}.', hint),
    );
    return undefined;
  }
  const baseUrl = reader.url(base);
  if (baseUrl === undefined) return undefined;
  if (baseUrl.origin === undefined) {
    const hint = 'Example: "https://api.example.com/v1".';
    reader.connectorProblems.push(problemAt(base, 'INVALID_URL', 'baseURL is not an http:// or https:// URL.', hint));
    return undefined;
  }
  const headers = reader.headers(http.get('headers'));
  const shared = reader.shared(args, http);
  return { name, baseUrl, headers, references: reader.references.slice(before), ...shared };
}

/** A use of `@connect` with its place. */
interface ConnectUse {
  readonly place: ConnectorPlace;
  readonly node: ConstDirectiveNode;
}

function connectUses(document: DocumentNode, names: DirectiveNames): ConnectUse[] {
  return document.definitions.filter(isObjectType).flatMap((definition) => {
    const typeName = definition.name.value;
    const on = (
      field: FieldDefinitionNode | undefined,
      nodes: readonly ConstDirectiveNode[] | undefined,
    ): ConnectUse[] => {
      const coordinate = field === undefined ? typeName : `${typeName}.${field.name.value}`;
      const uses = (nodes ?? []).filter((node) => node.name.value === names.connect);
      return uses.map((node) => ({ place: { typeName, field, coordinate }, node }));
    };
    return [
      ...on(undefined, definition.directives),
      ...(definition.fields ?? []).flatMap((field) => on(field, field.directives)),
    ];
  });
}

export function isObjectType(
  definition: DefinitionNode,
): definition is ObjectTypeDefinitionNode | ObjectTypeExtensionNode {
  return definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.OBJECT_TYPE_EXTENSION;
}

const CONNECT_ARGUMENTS = ['source', 'id', 'http', 'batch', 'errors', 'isSuccess', 'selection', 'entity'];
const CONNECT_HTTP = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'body', 'headers', 'path', 'queryParams'];
const DEFAULT_BATCH_SIZE = 1_000;

function readConnector(
  place: ConnectorPlace,
  node: ConstDirectiveNode,
  sources: ReadonlyMap<string, ApiSource>,
  reader: ArgumentReader,
): Connector | undefined {
  const args = reader.fields(node, CONNECT_ARGUMENTS);
  const http = reader.object(args.get('http'), CONNECT_HTTP);
  const selection = reader.mapping(args.get('selection'));
  if (http === undefined || args.get('selection') === undefined) {
    const hint = 'Example: @connect(source: "api", http: {GET: "/users/{$args.id}"}, selection: "id name").';
    const message = `@connect on ${place.coordinate} needs http and selection.`;
    reader.connectorProblems.push(problemAt(node, 'INCOMPLETE_CONNECTOR', message, hint));
    return undefined;
  }
  const before = reader.references.length;
  const target = reader.target(node, http);
  const source = findSource(args.get('source'), sources, reader);
  const shared = reader.shared(args, http);
  const body = reader.body(http.get('body'));
  const headers = reader.headers(http.get('headers'));
  const maxSize = reader.batchSize(args.get('batch'));
  if (selection === undefined || target === undefined || source === null) return undefined;
  if (source === undefined && target.url.origin === undefined) {
    const message = `The path of ${place.coordinate} has no base URL.`;
    const hint = 'Set a source (`source: "api"`), or use an absolute URL.';
    reader.connectorProblems.push(problemAt(node, 'RELATIVE_URL_WITHOUT_SOURCE', message, hint));
    return undefined;
  }
  const references = [...reader.references.slice(before), ...reader.referencesOf(selection)];
  const batches = references.some(({ variable }) => variable === '$batch');
  const entity = place.field === undefined || reader.flag(args.get('entity'));
  const batchSize = batches ? (maxSize ?? DEFAULT_BATCH_SIZE) : undefined;
  if (maxSize !== undefined && !batches) {
    const message = `The connector on ${place.coordinate} has a batch size, but does not use $batch.`;
    const hint = 'Request all entities at once, on a type: GET: "/users?ids={$batch.id->joinNotNull(\',\')}".';
    reader.connectorProblems.push(problemAt(args.get('batch') ?? node, 'BATCH_NOT_USED', message, hint));
  }
  return { ...place, node, source, ...target, headers, body, selection, entity, batchSize, references, ...shared };
}

/** Returns the source by name; `undefined` without a name; null, and adds a problem, for an unknown name. */
function findSource(
  value: ReturnType<ReturnType<ArgumentReader['fields']>['get']>,
  sources: ReadonlyMap<string, ApiSource>,
  reader: ArgumentReader,
): ApiSource | undefined | null {
  if (value === undefined) return undefined;
  const name = reader.string(value);
  const source = name === undefined ? undefined : sources.get(name);
  if (source !== undefined) return source;
  const message = `Unknown source "${name}".`;
  reader.connectorProblems.push(problemAt(value, 'UNKNOWN_SOURCE', message, didYouMean(name ?? '', sources.keys())));
  return null;
}
