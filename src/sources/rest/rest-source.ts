import { type DocumentNode, type ExecutionResult, execute, type GraphQLError, parse } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Env } from '../../config/expand.ts';
import type { ApiSettings } from '../../config/sections/connectors.ts';
import { clientHeadersOf } from '../../connectors/client-headers.ts';
import { expandAll, unsetVariables } from '../../connectors/expand-variables.ts';
import { readConnectors } from '../../connectors/read-connectors.ts';
import { modelOf } from '../../connectors/resolvable-fields.ts';
import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import { type Compression, NO_COMPRESSION } from '../body-form.ts';
import { abortFailure } from '../http/http-failure.ts';
import { createHttpPools, type HttpPools } from '../http/http-pools.ts';
import { DEFAULT_TIMEOUT_MS } from '../http/http-source.ts';
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
import { ConnectorsError } from './connectors-error.ts';
import { buildExecutableSchema } from './executable-schema.ts';
import { RestContext, type RestRuntime } from './rest-context.ts';

export interface RestSourceOptions {
  /** The subgraph's name. */
  readonly name: string;
  /** The text of its schema file. */
  readonly sdl: string;
  settingsOf(source: string | undefined): ApiSettings;
  /** For a fetch, with all calls of APIs that it takes. Default 30,000 ms. */
  readonly timeoutMs?: number;
  readonly env?: Env;
  readonly pools?: HttpPools;
  /** Headers that go along with every call; what a connector says goes before them. */
  readonly forward?: ForwardHeaders | undefined;
  /** How bodies are encoded; by default responses in gzip are asked for, and requests are sent as they are. */
  readonly compression?: Compression | undefined;
  /** Where answers of those APIs are kept whose settings say so. */
  readonly cache?: ApiCache | undefined;
  /** What goes round each call of an API; nothing without it. */
  readonly callLayer?: ApiLayer | undefined;
}

export interface RestSource extends Source {
  /** By what of their headers clients are to be told apart; `undefined` when it may be anything. */
  readonly separatesRequests: ForwardHeaders | undefined;
}

const MOST_DOCUMENTS = 1_000;

/**
 * A subgraph that is answered by calls of REST APIs, as its connectors say. Throws `ConnectorsError` when a variable that
 * its URLs or headers need is not set. `send` never throws.
 */
export function createRestSource(options: RestSourceOptions): RestSource {
  const { name, sdl, env = process.env, timeoutMs = DEFAULT_TIMEOUT_MS, settingsOf } = options;
  const read = readConnectors(parse(sdl), expandAll(env));
  const connectorProblems = [...read.connectorProblems, ...unsetVariables(read, env)];
  if (connectorProblems.length > 0) throw new ConnectorsError(name, connectorProblems);
  const schema = buildExecutableSchema(modelOf(read));
  const { pools = createHttpPools(), cache, compression = NO_COMPRESSION } = options;
  const targets = new ApiTargets({ pools, settingsOf, env, cache, compression, layer: options.callLayer });
  for (const connector of read.connectors) targets.of(connector);
  const contexts = new Contexts({ subgraph: name, targets, timeoutMs, forward: options.forward });
  const documents = new LRUCache<string, DocumentNode>({ max: MOST_DOCUMENTS });

  function parsed(query: string): DocumentNode {
    let document = documents.get(query);
    if (document === undefined) {
      document = parse(query, { noLocation: true });
      documents.set(query, document);
    }
    return document;
  }

  async function answer({ body, client, operationType }: SourceRequest): Promise<SubgraphResponse> {
    const { query, variables } = parseJson(body) as { query: string; variables?: Record<string, unknown> };
    const contextValue = contexts.of(client, operationType === 'mutation');
    const result = await execute({ schema, document: parsed(query), variableValues: variables ?? {}, contextValue });
    // nobody waits for it, and what others would be told is not what they asked for
    if (client.signal?.aborted) return { kind: 'failure', failure: abortFailure(name) };
    const failed = result.errors && apiFailure(result.errors);
    return { kind: 'text', text: resultText(name, result), status: 200, freshness: contextValue.freshness, failed };
  }

  return {
    name,
    separatesRequests: separateRequests(clientHeadersOf(read), options.forward),
    send(request, done) {
      answer(request).then(done, (error: unknown) => done(unexpected(name, error)));
    },
    close: () => targets.close(),
  };
}

/** The first error by which an API seems to be down: no answer, one that cannot be used, or a status of 500 and above. */
function apiFailure(errors: readonly GraphQLError[]): Pick<SourceFailure, 'code' | 'reason' | 'status'> | undefined {
  for (const { extensions } of errors) {
    const { code, reason, http } = extensions as { code?: unknown; reason?: string; http?: { status?: number } };
    const status = http?.status;
    if (!isFailureCode(code) || (status !== undefined && status >= 300 && status < 500)) continue;
    return { code, reason: reason ?? `HTTP status ${status}`, ...(status !== undefined && { status }) };
  }
  return undefined;
}

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

/** The fetches of one client request share a context; mutations have each their own, and end what was remembered before. */
class Contexts {
  readonly #runtime: RestRuntime;
  readonly #known = new WeakMap<ClientContext, RestContext>();

  constructor(runtime: RestRuntime) {
    this.#runtime = runtime;
  }

  of(client: ClientContext, isMutation: boolean): RestContext {
    if (isMutation) {
      this.#known.delete(client);
      return new RestContext(this.#runtime, client, false).begin();
    }
    let context = this.#known.get(client);
    if (context === undefined) {
      context = new RestContext(this.#runtime, client, true);
      this.#known.set(client, context);
    }
    return context.begin();
  }
}

function resultText(subgraph: string, { data, errors }: ExecutionResult): string {
  if (errors === undefined) return stringifyJson({ data });
  return stringifyJson({ data, errors: errors.map((error) => formatError(subgraph, error)) });
}

/** Errors that GraphQL itself finds while it completes values are answers of the API that do not fit the schema. */
function formatError(subgraph: string, error: GraphQLError) {
  const { message, path, extensions } = error;
  if (extensions.code !== undefined) return { message, path, extensions };
  // graphql-js would show the whole value
  const told = message.replace(/^(Expected value of type "\w+").*$/s, '$1: it is no object.');
  return {
    message: `The answer of a REST API does not fit the schema. ${told}`,
    path,
    extensions: { code: 'SUBREQUEST_MALFORMED_RESPONSE', service: subgraph },
  };
}

function unexpected(name: string, error: unknown): SubgraphResponse {
  const reason = error instanceof Error && error.name === 'GraphQLError' ? 'request cannot be read' : 'internal error';
  const message = `Subgraph "${name}" did not answer: ${reason}.`;
  return { kind: 'failure', failure: { code: 'SUBREQUEST_MALFORMED_RESPONSE', message, reason } };
}
