import DataLoader from 'dataloader';
import { tagsIn } from '../../cache/lifetime.ts';
import { CacheControlAccumulator, type Freshness } from '../../client/freshness.ts';
import { readFreshness } from '../../client/read-freshness.ts';
import { forbidsSharing, wantsReload } from '../../client/sharing.ts';
import type { Connector, ErrorMappings } from '../../connectors/connector.ts';
import type { EntityLookup } from '../../connectors/entity-lookups.ts';
import { mapRequest, mapResponse } from '../../connectors/mapping/evaluate.ts';
import { isObject, type Json } from '../../connectors/mapping/json.ts';
import type { Variables } from '../../connectors/mapping/scope.ts';
import { TemplateError } from '../../connectors/url-template.ts';
import { Deadline, NOTHING_EXPIRES } from '../../shared/deadline.ts';
import { TimeSlices } from '../../shared/time-slices.ts';
import type { CallSpan } from '../../shared/trace.ts';
import { type RetryAfter, retryAfterOf } from '../retry-after.ts';
import type {
  ClientContext,
  FetchEvent,
  ForwardHeaders,
  ResponseFacts,
  ResponseMemory,
  SourceRequest,
} from '../source.ts';
import { traceHeaders } from '../trace-headers.ts';
import { type ApiCallPlace, type CallOptions, callApi, type RetryAfterGuard } from './api-call.ts';
import { type ApiRequest, writeRequest } from './api-request.ts';
import { type ApiResponse, isSuccessStatus, type StoredAt } from './api-response.ts';
import type { ApiTarget, ApiTargets } from './api-target.ts';
import type { ApiCache } from './cache/api-cache.ts';
import { headersOfUser } from './cache/headers-of-user.ts';
import { type EntityKey, keyText } from './entity-key.ts';
import { loadBatch, loadEach } from './load-entities.ts';
import { RestError, retryAfterError } from './rest-failure.ts';

/** State that all requests of a REST source share. */
export interface RestRuntime {
  readonly subgraph: string;
  readonly targets: ApiTargets;
  readonly timeoutMs: number;
  readonly forward: ForwardHeaders | undefined;
}

/** What the calls of a fetch need of it. */
export type FetchParts = Pick<SourceRequest, 'memory' | 'trace' | 'span' | 'event'>;

/**
 * State that the fetches of one client request share: responses, looked up entities, and the number of calls. `remembers` is
 * false for mutations: each of their calls is made.
 */
export class RestContext {
  readonly runtime: RestRuntime;
  readonly #client: ClientContext;
  readonly #remembers: boolean;
  readonly #event: FetchEvent | undefined;
  readonly #responses = new Map<string, Promise<ApiResponse>>();
  readonly #loaders = new Map<EntityLookup, DataLoader<EntityKey, Json, string>>();
  readonly #calls = new Map<ApiTarget, number>();
  /** APIs that sent `Retry-After`: this request does not call them again. */
  readonly #retryAfter = new Map<ApiTarget, RetryAfter>();
  /** The deadline of the latest fetch. */
  #deadline: Deadline | undefined;
  #fetches = 0;
  readonly #freshness = new CacheControlAccumulator();
  /** Tags that APIs have given their responses. */
  readonly #tags = new Set<string>();
  /** The keys of responses that are cached. */
  readonly #cached = new Map<string, { readonly cache: ApiCache; readonly stored: StoredAt }>();
  #request: Json;
  /** The memory of the latest fetch. */
  #memory: ResponseMemory | undefined;
  /** The debug trace of the latest fetch. */
  #trace: SourceRequest['trace'];
  /** The span of the latest fetch. */
  #span: CallSpan | undefined;
  #size = 0;
  /** Exists from the first long response on. */
  #slices: TimeSlices | undefined;

  /** @param event the one whose entities its fetches are for */
  constructor(runtime: RestRuntime, client: ClientContext, remembers: boolean, event?: FetchEvent) {
    this.runtime = runtime;
    this.#client = client;
    this.#remembers = remembers;
    this.#event = event;
  }

  /** Freshness of all responses used so far: a fetch may reuse responses of an earlier one. */
  get freshness(): Freshness | undefined {
    return this.#freshness.least;
  }

  /** What the responses used so far are invalidated by, and how what is cached of them gets more tags. */
  get tagging(): Pick<ResponseFacts, 'tags' | 'tagCached'> | undefined {
    if (this.#tags.size === 0 && this.#cached.size === 0) return undefined;
    const cached = [...this.#cached.values()];
    const tagCached: ResponseFacts['tagCached'] = async (names, moment) => {
      const tags = [...names];
      for (const { cache, stored } of cached) await cache.addTags(stored, tags, moment);
    };
    return { tags: [...this.#tags], tagCached };
  }

  /** The length of the texts of all responses that the latest fetch has used. */
  get size(): number {
    return this.#size;
  }

  /** The slices in which long responses are processed; `undefined` while there is none. */
  get slices(): TimeSlices | undefined {
    return this.#slices;
  }

  /** Begins a fetch: sets the deadline that all its calls share, the memory that long responses take, its debug trace and its span. */
  begin({ memory, trace, span }: FetchParts): this {
    this.#startDeadline();
    this.#fetches++;
    this.#memory = memory;
    this.#trace = trace;
    this.#span = span;
    this.#size = 0;
    return this;
  }

  #startDeadline(): void {
    this.#deadline?.cancel();
    this.#deadline = new Deadline(this.runtime.timeoutMs, NOTHING_EXPIRES);
  }

  /** Ends a fetch. */
  end(): void {
    if (--this.#fetches === 0) this.#deadline?.cancel();
  }

  /** Looks up fields of one entity by its key. Resolves with null when there is no such entity. Rejects with `RestError`. */
  lookUp(lookup: EntityLookup, key: EntityKey): Promise<Json> {
    let loader = this.#loaders.get(lookup);
    if (loader === undefined) {
      const { batchSize } = lookup.connector;
      const load = (keys: readonly EntityKey[]) =>
        batchSize === undefined ? loadEach(this, lookup, keys) : loadBatch(this, lookup, keys);
      const options = { cacheKeyFn: keyText, ...(batchSize === undefined ? {} : { maxBatchSize: batchSize }) };
      loader = new DataLoader<EntityKey, Json, string>(load, options);
      this.#loaders.set(lookup, loader);
    }
    return loader.load(key);
  }

  /**
   * Runs a connector: calls the API, then maps its response. Rejects with `RestError`, and with `WorkStopped`.
   * @param map how its response is mapped
   */
  async run(connector: Connector, own: Variables, map = mapResponse): Promise<Json> {
    const target = this.runtime.targets.of(connector);
    const variables = { ...target.constants, ...this.#requestVariables(connector), ...own };
    const response = await this.#call(connector, target, variables);
    this.#size += response.size;
    this.#freshness.record(this.#freshnessOf(response));
    for (const tag of tagsIn(response.headers)) this.#tags.add(tag);
    const { stored } = response;
    if (stored && target.cache) this.#cached.set(stored.key, { cache: target.cache, stored });
    const after = { ...variables, $status: response.status, $response: { headers: headerLists(response.headers) } };
    if (!this.#isSuccess(connector, response, after)) throw this.#errorOf(connector, response, after);
    return map(connector.selection.expression, response.body, after);
  }

  #call(connector: Connector, target: ApiTarget, variables: Variables): Promise<ApiResponse> {
    const request = this.#write(connector, target, variables);
    if (!this.#remembers || request.upload) return this.#send(connector, target, request);
    const key = JSON.stringify([target.origin, request.method, request.path, request.headers, request.body]);
    let response = this.#responses.get(key);
    if (response === undefined) {
      response = this.#send(connector, target, request);
      this.#responses.set(key, response);
    } else this.#trace?.note('reused the response of an earlier call of the same request');
    return response;
  }

  #write(connector: Connector, target: ApiTarget, variables: Variables): ApiRequest {
    try {
      const sent = this.runtime.forward?.(this.#client).pairs;
      return writeRequest(connector, { base: target.base, variables, client: this.#client, sent });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      const message = `The request for ${connector.coordinate} cannot be built: ${error.message}.`;
      const { isNullReference } = error;
      throw new RestError(this.runtime.subgraph, connector, { code: 'BAD_USER_INPUT', message, isNullReference });
    }
  }

  #freshnessOf({ headers }: ApiResponse): Freshness | undefined {
    return readFreshness(
      headers,
      this.#client.headers,
      undefined,
      this.runtime.forward?.(this.#client).identityHeaders,
    );
  }

  async #send(connector: Connector, target: ApiTarget, request: ApiRequest): Promise<ApiResponse> {
    const { subgraph, timeoutMs } = this.runtime;
    const made = (this.#calls.get(target) ?? 0) + 1;
    this.#calls.set(target, made);
    const max = target.settings.maxPerOperation;
    if (made > max) {
      const message = `The request needs more than ${max} calls of one REST API.`;
      throw new RestError(subgraph, connector, { code: 'REQUEST_LIMIT_EXCEEDED', message });
    }
    const { signal, plugins, uploads, timeoutMs: clientTimeoutMs, deadline } = this.#client;
    const ofFetch =
      plugins && ({ client: this.#client, operationType: this.#remembers ? 'query' : 'mutation' } as const);
    const isUpload = request.upload !== undefined;
    const leftMs = (isUpload ? undefined : this.#deadline?.leftMs) ?? timeoutMs;
    const cache = this.#cacheFor(connector, target);
    const retryAfter = this.#retryAfterGuard(connector, target);
    retryAfter.check();
    const slices = () => {
      this.#slices ??= new TimeSlices(signal);
      return this.#slices;
    };
    const memory = this.#memory;
    const trace = this.#trace;
    const call = callApi(request, {
      subgraph,
      connector,
      target,
      timeoutMs,
      deadline: isUpload ? undefined : callDeadline(leftMs, deadline),
      leftMs,
      clientTimeoutMs,
      signal,
      hasProgress: isUpload ? uploads?.watchProgress() : undefined,
      cache,
      retryAfter,
      memory,
      place: this.#place(),
      ofFetch,
      slices,
      trace,
    });
    return isUpload ? call.finally(() => this.#startDeadline()) : call;
  }

  #place(): ApiCallPlace {
    const headers = traceHeaders({ client: this.#client, span: this.#span }, this.runtime.forward?.(this.#client));
    return { span: this.#span, headers };
  }

  #retryAfterGuard(connector: Connector, target: ApiTarget): RetryAfterGuard {
    return {
      check: () => {
        const period = this.#retryAfter.get(target);
        if (period) throw retryAfterError(this.runtime.subgraph, connector, period);
      },
      respect: (response) => {
        const period = retryAfterOf(response);
        if (period && period.seconds > 0) this.#retryAfter.set(target, period);
      },
    };
  }

  #cacheFor(connector: Connector, { cache }: ApiTarget): CallOptions['cache'] {
    const { headers, plugins } = this.#client;
    // what `onTry` adds for one client may differ for another
    if (cache === undefined || plugins?.separatesTries || forbidsSharing(headers)) return undefined;
    const userHeaders = headersOfUser(connector, this.runtime.forward?.(this.#client));
    return { cached: cache, userHeaders, event: this.#event, isReload: wantsReload(headers) };
  }

  #isSuccess({ source, isSuccess }: Connector, response: ApiResponse, variables: Variables): boolean {
    const mapping = isSuccess ?? source?.isSuccess;
    if (mapping === undefined) return isSuccessStatus(response.status);
    return mapRequest(mapping.expression, variables, response.body) === true;
  }

  #errorOf(connector: Connector, response: ApiResponse, variables: Variables): RestError {
    const { status, body } = response;
    const { source } = connector;
    const said = (mappings: ErrorMappings | undefined, part: 'message' | 'extensions') => {
      const mapping = mappings?.[part];
      return mapping && mapRequest(mapping.expression, variables, body);
    };
    const message = said(connector, 'message') ?? said(source, 'message');
    const extensions = [said(source, 'extensions'), said(connector, 'extensions')].filter(isObject).map(withoutNulls);
    return new RestError(this.runtime.subgraph, connector, {
      code: 'SUBREQUEST_HTTP_ERROR',
      message:
        typeof message === 'string'
          ? message
          : `The REST API returned HTTP status ${status} for ${connector.coordinate}.`,
      reason: isSuccessStatus(status) ? 'the response counts as an error' : `HTTP status ${status}`,
      status,
      retryAfter: retryAfterOf(response)?.seconds,
      extensions: Object.assign({}, ...extensions),
      // a connector that defines success itself also defines what a 404 means
      notFound: status === NOT_FOUND && connector.isSuccess === undefined && source?.isSuccess === undefined,
    });
  }

  /** Returns `$request`, built once and only if a connector reads it, and `$context`, which is empty. */
  #requestVariables({ references, source }: Connector): Variables {
    const readsRequest = ({ variable }: { variable: string }) => variable === '$request';
    if (!references.some(readsRequest) && !source?.references.some(readsRequest)) return NO_REQUEST;
    this.#request ??= { headers: headerLists(this.#client.headers) };
    return { $context: {}, $request: this.#request };
  }
}

/** Removes nulls, so that an extension that the API leaves open keeps its default. */
function withoutNulls(object: Record<string, Json>): Record<string, Json> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

const NOT_FOUND = 404;
const NO_REQUEST: Variables = { $context: {} };

/** Returns headers as the mapping language reads them: each is a list of values. */
function headerLists(headers: Readonly<Record<string, string | string[] | undefined>>): Json {
  const lists = Object.entries(headers).map(([name, value]) => [name, value === undefined ? [] : [value].flat()]);
  return Object.fromEntries(lists);
}

/**
 * Returns when a call has to be complete, by `performance.now()`. A deadline of the client request that has passed does not count: the
 * request goes on, so the process has stood still meanwhile.
 */
function callDeadline(leftMs: number, ofRequest: number | undefined): number {
  const now = performance.now();
  return ofRequest !== undefined && ofRequest > now ? Math.min(now + leftMs, ofRequest) : now + leftMs;
}
