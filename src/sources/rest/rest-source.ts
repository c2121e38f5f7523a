import { type GraphQLError, parse } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Env } from '../../config/expand.ts';
import type { ApiSettings } from '../../config/sections/connectors.ts';
import { clientHeadersOf } from '../../connectors/client-headers.ts';
import { expandAll, unsetVariables } from '../../connectors/expand-variables.ts';
import { readConnectors } from '../../connectors/read-connectors.ts';
import { createConnectorModel } from '../../connectors/resolvable-fields.ts';
import type { ByteBudget } from '../../shared/byte-budget.ts';
import { parseJson } from '../../shared/exact-json.ts';
import { type Compression, NO_COMPRESSION } from '../body-encoding.ts';
import { abortFailure } from '../http/http-failure.ts';
import type { PoolSettings } from '../http/http-pool.ts';
import { createHttpPools, type HttpPools } from '../http/http-pools.ts';
import { DEFAULT_TIMEOUT_MS } from '../http/http-source.ts';
import type { SignRequest } from '../http/signing/sign-request.ts';
import { stoppedFailure } from '../long-text.ts';
import type {
  ClientContext,
  ForwardHeaders,
  Source,
  SourceFailure,
  SourceRequest,
  SubgraphResponse,
} from '../source.ts';
import { ApiTargets } from './api-target.ts';
import type { ApiLayer } from './api-transport.ts';
import type { ApiCache } from './cache/api-cache.ts';
import { isCorrelation } from './cache/headers-of-user.ts';
import { type CompiledFetch, compileFetch } from './compile-fetch.ts';
import { ConnectorsError } from './connectors-error.ts';
import { buildExecutableSchema } from './executable-schema.ts';
import { executeFetch } from './execute-fetch.ts';
import { placeFiles } from './place-files.ts';
import { type FetchParts, RestContext, type RestRuntime } from './rest-context.ts';
import { RestError } from './rest-failure.ts';

export interface RestSourceOptions {
  /** The subgraph's name. */
  readonly name: string;
  /** The text of its schema file. */
  readonly sdl: string;
  settingsOf(source: string | undefined): ApiSettings;
  /** Timeout of a fetch with all its calls of APIs. Default 30,000 ms. */
  readonly timeoutMs?: number;
  readonly env?: Env;
  readonly pools?: HttpPools;
  /** Settings of the connections to each API. */
  readonly pool?: PoolSettings | undefined;
  /** Headers of every call. Headers that a connector sets take precedence. */
  readonly forward?: ForwardHeaders | undefined;
  /** How bodies are encoded. By default responses are requested in gzip, and requests are not encoded. */
  readonly compression?: Compression | undefined;
  /** The cache for responses of APIs that have caching enabled. */
  readonly cache?: ApiCache | undefined;
  /** Signs each try of a call. Default: calls are not signed. */
  readonly sign?: SignRequest | undefined;
  /** Wraps each call of an API. Default none. */
  readonly callLayer?: ApiLayer | undefined;
  /** Counts the bytes of responses while they arrive. By default they are not counted. */
  readonly byteBudget?: ByteBudget | undefined;
}

export interface RestSource extends Source {
  /** Computes a sharing key from all client headers that connectors read; `undefined` when they may read any header. */
  readonly separatesRequests: ForwardHeaders | undefined;
}

const MAX_DOCUMENTS = 1_000;

/**
 * Creates a subgraph whose connectors call REST APIs. Throws `ConnectorsError` when a variable that its URLs or headers need is
 * not set. `send` never throws.
 */
export function createRestSource(options: RestSourceOptions): RestSource {
  const { name, sdl, env = process.env, timeoutMs = DEFAULT_TIMEOUT_MS, settingsOf } = options;
  const read = readConnectors(parse(sdl), expandAll(env));
  const connectorProblems = [...read.connectorProblems, ...unsetVariables(read, env)];
  if (connectorProblems.length > 0) throw new ConnectorsError(name, connectorProblems);
  const model = createConnectorModel(read);
  const schema = buildExecutableSchema(model);
  const { pools = createHttpPools(), cache, compression = NO_COMPRESSION } = options;
  const { callLayer: layer, byteBudget, pool, sign } = options;
  const targets = new ApiTargets({
    ...{ subgraph: name, pools, pool },
    ...{ settingsOf, env, cache, compression, layer, byteBudget, sign },
  });
  for (const connector of read.connectors) targets.of(connector);
  const contexts = new Contexts({ subgraph: name, targets, timeoutMs, forward: options.forward });
  const plans = new LRUCache<string, CompiledFetch>({ max: MAX_DOCUMENTS });

  function planOf(query: string): CompiledFetch {
    let plan = plans.get(query);
    if (plan === undefined) {
      plan = compileFetch(schema, model, parse(query, { noLocation: true }), query.includes('@'));
      plans.set(query, plan);
    }
    return plan;
  }

  async function runFetch(request: SourceRequest): Promise<SubgraphResponse> {
    const { body, client, operationType } = request;
    const { query, variables = {} } = parseJson(body) as { query: string; variables?: Record<string, unknown> };
    if (request.files) placeFiles(variables, request.files);
    const plan = planOf(query);
    const context = contexts.of(client, operationType === 'mutation', request);
    const { data, errors } = await executeFetch(schema, plan, variables, context).finally(() => context.end());
    // the client request has ended; a result of aborted calls must not be shared with other clients
    if (client.signal?.aborted) return { kind: 'failure', failure: endedFailure(name, errors) };
    const { freshness, size, tagging } = context;
    if (errors.length === 0) return { kind: 'parsed', result: { data }, size, status: 200, freshness, ...tagging };
    const result = { data, errors: errors.map((error) => formatError(name, error)) };
    return { kind: 'parsed', result, size, status: 200, freshness, failed: apiFailure(errors), ...tagging };
  }

  return {
    name,
    separatesRequests: separateRequests(clientHeadersOf(read, isCorrelation), options.forward),
    send(request, done) {
      runFetch(request).then(done, (error: unknown) => done(unexpected(name, error)));
    },
    close: () => targets.close(),
  };
}

/**
 * Returns the failure that the errors of a fetch report: no response of an API, a malformed one, or an error status. An outage
 * precedes a refusal (4xx).
 */
function apiFailure(errors: readonly GraphQLError[]): Pick<SourceFailure, 'code' | 'reason' | 'status'> | undefined {
  const failures = errors.flatMap((error) => failureOf(error) ?? []);
  return failures.find(({ status }) => status === undefined || status < 300 || status >= 500) ?? failures[0];
}

/** Returns the failure of a fetch whose client request has ended: a timeout where a call had waited for long by then. */
function endedFailure(name: string, errors: readonly GraphQLError[]): SourceFailure {
  const late = errors.map(failureOf).find((failure) => failure?.code === 'SUBREQUEST_TIMEOUT');
  return late === undefined
    ? abortFailure(name)
    : { ...late, message: `Subgraph "${name}" did not answer: ${late.reason}.` };
}

function failureOf(error: GraphQLError): Pick<SourceFailure, 'code' | 'reason' | 'status'> | undefined {
  const { originalError, extensions } = error;
  if (!(originalError instanceof RestError)) return extensions.code === undefined ? SCHEMA_MISMATCH : undefined;
  const { code, reason, status } = originalError.details;
  if (!isFailureCode(code)) return undefined;
  return { code, reason: reason ?? `HTTP status ${status}`, ...(status !== undefined && { status }) };
}

/** The failure that an error of graphql-js itself stands for. */
const SCHEMA_MISMATCH = {
  code: 'SUBREQUEST_MALFORMED_RESPONSE',
  reason: 'the response of a REST API does not match the schema',
} as const;

function isFailureCode(code: unknown): code is SourceFailure['code'] {
  return code === 'SUBREQUEST_HTTP_ERROR' || code === 'SUBREQUEST_TIMEOUT' || code === 'SUBREQUEST_MALFORMED_RESPONSE';
}

function separateRequests(
  names: ReadonlySet<string> | undefined,
  forward: ForwardHeaders | undefined,
): ForwardHeaders | undefined {
  if (names === undefined) return undefined;
  return (client) => {
    const own = [...names].map((name) => client.headers[name] ?? null);
    const sent = forward?.(client);
    return { pairs: sent?.pairs ?? [], sharingKey: `${sent?.sharingKey ?? ''}${JSON.stringify(own)}` };
  };
}

/** Contexts by client request. Fetches of one request share a context; each mutation gets a new one and discards the shared one. */
class Contexts {
  readonly #runtime: RestRuntime;
  readonly #contexts = new WeakMap<ClientContext, RestContext>();
  /** Those of the fetches that must use no older responses, because an event is about their entities. */
  readonly #ofEvents = new WeakMap<ClientContext, RestContext>();

  constructor(runtime: RestRuntime) {
    this.#runtime = runtime;
  }

  of(client: ClientContext, isMutation: boolean, fetch: FetchParts): RestContext {
    if (isMutation) {
      this.#contexts.delete(client);
      return new RestContext(this.#runtime, client, false).begin(fetch);
    }
    const contexts = fetch.event ? this.#ofEvents : this.#contexts;
    let context = contexts.get(client);
    if (context === undefined) {
      context = new RestContext(this.#runtime, client, true, fetch.event);
      contexts.set(client, context);
    }
    return context.begin(fetch);
  }
}

/** Formats an error. One without a code means that the API's response does not match the schema. */
function formatError(subgraph: string, error: GraphQLError) {
  const { message, path, extensions } = error;
  if (extensions.code !== undefined) return { message, path, extensions };
  return {
    message: `The response of a REST API does not match the schema. ${message}`,
    path,
    extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE', service: subgraph },
  };
}

function unexpected(name: string, error: unknown): SubgraphResponse {
  const stopped = stoppedFailure(name, error);
  if (stopped) return { kind: 'failure', failure: stopped };
  const reason = error instanceof Error && error.name === 'GraphQLError' ? 'request cannot be read' : 'internal error';
  const message = `Subgraph "${name}" did not answer: ${reason}.`;
  return { kind: 'failure', failure: { code: 'SUBREQUEST_MALFORMED_RESPONSE', message, reason, cause: error } };
}
