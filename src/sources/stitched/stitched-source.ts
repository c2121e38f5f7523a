import { buildASTSchema, type DocumentNode, type FieldNode, Kind, parse, print } from 'graphql';
import { LRUCache } from 'lru-cache';
import { readService } from '../../services/read-service.ts';
import type { Service } from '../../services/service.ts';
import { Deadline, NOTHING_EXPIRES } from '../../shared/deadline.ts';
import { parseJson } from '../../shared/exact-json.ts';
import { DEFAULT_TIMEOUT_MS } from '../http/http-source.ts';
import type { ResponseObserver, Source, SourceFailure, SourceRequest, SubgraphResponse } from '../source.ts';
import { type RequestNames, requestNames } from './request-names.ts';
import type { FetchDeadline } from './send-before-deadline.ts';
import { type RenamedQuery, type SentBody, sendRenamed } from './send-renamed.ts';
import type { StitchedSchema } from './stitched-schema.ts';
import type { StitchedContext } from './upstream.ts';

/** Plans send few distinct documents. Beyond this number, the least recently used are parsed again. */
const MAX_DOCUMENTS = 1_000;

export interface StitchedSourceOptions {
  readonly name: string;
  /** The schema file of the service. */
  readonly sdl: string;
  /** Sends requests to the service. Closed with this source. */
  readonly upstream: Source;
  /** Timeout of a fetch with all its requests to the service. Default 30,000 ms. */
  readonly timeoutMs?: number;
  /** Receives the problems of the service's responses. */
  readonly observer?: ResponseObserver | undefined;
}

/** How to execute a document of the gateway. */
type Strategy =
  /** The service understands the document as it is. */
  | { readonly kind: 'as-is' }
  /** The service understands it with its own names. */
  | ({ readonly kind: 'renamed'; readonly graphTypes: ReadonlyMap<string, string> } & RenamedQuery)
  /** It selects `_entities`, which the service does not have. */
  | { readonly kind: 'stitched'; readonly document: DocumentNode };

/**
 * Creates a federation subgraph from a plain GraphQL service. Sends root fields to the service as they are, and resolves
 * `_entities` by the look-ups that the file marks with `@merge`. Throws an `Error` when the file cannot be composed.
 */
export function createStitchedSource(options: StitchedSourceOptions): Source {
  const { name, sdl, upstream, timeoutMs = DEFAULT_TIMEOUT_MS, observer } = options;
  const service = readServiceText(name, sdl);
  const schema = buildASTSchema(service.document, { assumeValidSDL: true });
  const names = requestNames(schema, service.names);
  const strategies = new LRUCache<string, Strategy>({ max: MAX_DOCUMENTS });
  let stitched: Promise<StitchedSchema> | undefined;

  const stitch = async (): Promise<StitchedSchema> => {
    // Stitching takes a third of a second to load, and root fields do not need it.
    const { stitchService } = await import('./stitched-schema.ts');
    return stitchService({ name, service, schema, upstream, names, observer });
  };
  const strategyOf = (query: string): Strategy => {
    const known = strategies.get(query);
    if (known) return known;
    const strategy = chooseStrategy(query, names);
    strategies.set(query, strategy);
    return strategy;
  };
  const rename = (query: string) => strategyOf(query) as Strategy & { kind: 'renamed' };
  if (service.lookups.length > 0) {
    stitched = stitch();
    // The first request that needs it gets the rejection; until then it must not count as unhandled.
    stitched.catch(() => undefined);
  }

  return {
    name,
    send(request, done) {
      const body = parseJson(request.body) as SentBody;
      const { query, variables } = body;
      const strategy = strategyOf(query);
      if (strategy.kind === 'as-is') upstream.send(request, done);
      else if (strategy.kind === 'renamed') {
        const { graphTypes } = strategy;
        sendRenamed({ upstream, observer, graphTypes, rename }, request, body, done);
      } else if (request.files) done({ kind: 'failure', failure: noFiles(name) });
      else {
        stitched ??= stitch();
        const deadline = new Deadline(timeoutMs, NOTHING_EXPIRES);
        const time = { timeoutMs, deadline };
        const fetch = { request, document: strategy.document, variables, time };
        void executeStitched(name, stitched, fetch, observer).then((response) => {
          deadline.cancel();
          done(response);
        });
      }
    },
    close: () => upstream.close(),
  };
}

/** Returns the failure of look-ups with files: they may become several requests to the service. */
function noFiles(name: string): SourceFailure {
  const reason = 'look-ups of entities cannot take files';
  return { code: 'SUBREQUEST_HTTP_ERROR', message: `Subgraph "${name}" did not answer: ${reason}.`, reason };
}

/** Reads the schema file of a service. Throws an `Error` when it cannot be composed. */
export function readServiceText(name: string, sdl: string): Service {
  const read = readService(parse(sdl));
  if (!Array.isArray(read)) return read.service;
  throw new Error(`The service "${name}" cannot be read: ${read.map(({ message }) => message).join(' ')}`);
}

function chooseStrategy(query: string, names: RequestNames | undefined): Strategy {
  const document = parse(query, { noLocation: true });
  if (rootFields(document).some((field) => field.name.value === '_entities')) return { kind: 'stitched', document };
  if (names === undefined) return { kind: 'as-is' };
  const renamed = names.toService(document);
  return { kind: 'renamed', query: print(renamed.document), renamed, graphTypes: names.graphTypes };
}

/** Returns the root fields outside fragments: the gateway writes no root fields into fragments. */
function rootFields(document: DocumentNode): FieldNode[] {
  return document.definitions.flatMap((node) =>
    node.kind === Kind.OPERATION_DEFINITION
      ? node.selectionSet.selections.flatMap((field) => (field.kind === Kind.FIELD ? [field] : []))
      : [],
  );
}

interface StitchedRequest {
  readonly request: SourceRequest;
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly time: FetchDeadline;
}

/** Executes a document with the stitched schema. Never rejects: exceptions become failures of this source. */
async function executeStitched(
  name: string,
  stitched: Promise<StitchedSchema>,
  { request, document, variables = {}, time }: StitchedRequest,
  observer: ResponseObserver | undefined,
): Promise<SubgraphResponse> {
  const context: StitchedContext = {
    request,
    time,
    calls: 0,
    size: 0,
    failures: [],
    errors: [],
    located: [],
    reported: new Set(),
  };
  try {
    const result = await (await stitched)(document, variables, context);
    const [failure] = context.failures;
    // As with any subgraph whose request failed: one error for each field, not for each entity.
    if (failure && context.failures.length === context.calls) return { kind: 'failure', failure };
    const errors = [...context.failures.map(formatFailure), ...result.errors];
    const { data } = result;
    const shown = errors.length > 0 ? { data, errors } : { data };
    return { kind: 'parsed', result: shown, size: context.size, status: 200, isObserved: true };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `Subgraph "${name}" did not answer: its look-ups failed inside the gateway.`;
    const failure = { code: 'SUBREQUEST_MALFORMED_RESPONSE', message, reason } as const;
    const response = { kind: 'failure', failure } as const;
    observer?.failed(name, response, failure, request.client);
    return response;
  }
}

function formatFailure({ code, message, reason, status, retryAfter }: SourceFailure) {
  return {
    message,
    extensions: {
      code,
      ...(reason === undefined ? {} : { reason }),
      ...(status === undefined ? {} : { http: { status } }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    },
  };
}
