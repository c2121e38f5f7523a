import DataLoader from 'dataloader';
import { CacheControlAccumulator, type Freshness } from '../../client/freshness.ts';
import { readFreshness } from '../../client/read-freshness.ts';
import { forbidsSharing } from '../../client/sharing.ts';
import type { Connector, ErrorMappings } from '../../connectors/connector.ts';
import type { EntityLookup } from '../../connectors/entity-lookups.ts';
import { mapRequest, mapResponse } from '../../connectors/mapping/evaluate.ts';
import { isObject, type Json } from '../../connectors/mapping/json.ts';
import type { Variables } from '../../connectors/mapping/scope.ts';
import { TemplateError } from '../../connectors/url-template.ts';
import type { ClientContext, ForwardHeaders } from '../source.ts';
import { type CallOptions, type CallRest, callApi } from './api-call.ts';
import { type ApiRequest, writeRequest } from './api-request.ts';
import { type ApiResponse, isSuccessStatus } from './api-response.ts';
import type { ApiTarget, ApiTargets } from './api-target.ts';
import { headersOfUser } from './cache/headers-of-user.ts';
import { type EntityKey, keyText } from './entity-key.ts';
import { loadBatch, loadEach } from './load-entities.ts';
import { leftAlone, RestError } from './rest-failure.ts';
import { type RetryAfter, restPeriodOf } from './retry-after.ts';

/** What a REST source has for all its requests. */
export interface RestRuntime {
  readonly subgraph: string;
  readonly targets: ApiTargets;
  readonly timeoutMs: number;
  readonly forward: ForwardHeaders | undefined;
}

/**
 * What the fetches of one client request share: answers that are there already, entities that were looked up, and how
 * many calls were made. `remembers` is false for mutations, whose calls are each made.
 */
export class RestContext {
  readonly runtime: RestRuntime;
  readonly #client: ClientContext;
  readonly #remembers: boolean;
  readonly #answers = new Map<string, Promise<ApiResponse>>();
  readonly #loaders = new Map<EntityLookup, DataLoader<EntityKey, Json, string>>();
  readonly #calls = new Map<ApiTarget, number>();
  /** APIs that asked not to be called again: within this request they are not. */
  readonly #resting = new Map<ApiTarget, RetryAfter>();
  /** When the time of the latest fetch is up, by `performance.now()`. */
  #until = 0;
  readonly #freshness = new CacheControlAccumulator();
  #request: Json;

  constructor(runtime: RestRuntime, client: ClientContext, remembers: boolean) {
    this.runtime = runtime;
    this.#client = client;
    this.#remembers = remembers;
  }

  /** Of all answers that were used so far: a fetch may use those that an earlier one has made. */
  get freshness(): Freshness | undefined {
    return this.#freshness.least;
  }

  /** A fetch begins: calls that are made for it have its time together, those that wait for others' answers too. */
  begin(): this {
    this.#until = performance.now() + this.runtime.timeoutMs;
    return this;
  }

  /** Fields of one entity by its key; null when there is no such entity. Rejects with `RestError`. */
  look(lookup: EntityLookup, key: EntityKey): Promise<Json> {
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

  /** Runs a connector: the call, then the mapping of its answer. Rejects with `RestError`. */
  async run(connector: Connector, own: Variables): Promise<Json> {
    const target = this.runtime.targets.of(connector);
    const variables = { ...target.constants, ...this.#ofRequest(connector), ...own };
    const answer = await this.#call(connector, target, variables);
    this.#freshness.record(this.#freshnessOf(answer));
    const after = { ...variables, $status: answer.status, $response: { headers: listed(answer.headers) } };
    if (!this.#isSuccess(connector, answer, after)) throw this.#refused(connector, answer, after);
    return mapResponse(connector.selection.expression, answer.body, after);
  }

  #call(connector: Connector, target: ApiTarget, variables: Variables): Promise<ApiResponse> {
    const request = this.#write(connector, target, variables);
    if (!this.#remembers) return this.#send(connector, target, request);
    const key = JSON.stringify([target.origin, request.method, request.path, request.headers, request.body]);
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer = this.#send(connector, target, request);
      this.#answers.set(key, answer);
    }
    return answer;
  }

  #write(connector: Connector, target: ApiTarget, variables: Variables): ApiRequest {
    try {
      const sent = this.runtime.forward?.(this.#client).pairs;
      return writeRequest(connector, { base: target.base, variables, client: this.#client, sent });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      const message = `The request for ${connector.coordinate} cannot be made: ${error.message}.`;
      const { ofNothing } = error;
      throw new RestError(this.runtime.subgraph, connector, { code: 'BAD_USER_INPUT', message, ofNothing });
    }
  }

  #freshnessOf({ headers }: ApiResponse): Freshness | undefined {
    return readFreshness(headers, this.#client.headers, undefined, this.runtime.forward?.(this.#client).ofIdentity);
  }

  async #send(connector: Connector, target: ApiTarget, request: ApiRequest): Promise<ApiResponse> {
    const { subgraph, timeoutMs } = this.runtime;
    const made = (this.#calls.get(target) ?? 0) + 1;
    this.#calls.set(target, made);
    const most = target.settings.maxPerOperation;
    if (made > most) {
      const message = `The request needs more than ${most} calls of one REST API.`;
      throw new RestError(subgraph, connector, { code: 'REQUEST_LIMIT_EXCEEDED', message });
    }
    const { signal } = this.#client;
    const leftMs = Math.max(0, this.#until - performance.now());
    const cache = this.#cacheFor(connector, target);
    const rest = this.#restFor(connector, target);
    rest.check();
    return callApi(request, { subgraph, connector, target, timeoutMs, leftMs, signal, cache, rest });
  }

  #restFor(connector: Connector, target: ApiTarget): CallRest {
    return {
      check: () => {
        const period = this.#resting.get(target);
        if (period) throw leftAlone(this.runtime.subgraph, connector, period);
      },
      respect: (answer) => {
        const period = restPeriodOf(answer);
        if (period && period.seconds > 0) this.#resting.set(target, period);
      },
    };
  }

  #cacheFor(connector: Connector, { cache }: ApiTarget): CallOptions['cache'] {
    if (cache === undefined || forbidsSharing(this.#client.headers)) return undefined;
    return { cached: cache, ofUser: headersOfUser(connector, this.runtime.forward?.(this.#client)) };
  }

  #isSuccess({ source, isSuccess }: Connector, answer: ApiResponse, variables: Variables): boolean {
    const mapping = isSuccess ?? source?.isSuccess;
    if (mapping === undefined) return isSuccessStatus(answer.status);
    return mapRequest(mapping.expression, variables, answer.body) === true;
  }

  #refused(connector: Connector, answer: ApiResponse, variables: Variables): RestError {
    const { status, body } = answer;
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
          : `The REST API answered ${connector.coordinate} with HTTP status ${status}.`,
      reason: isSuccessStatus(status) ? 'the answer counts as an error' : `HTTP status ${status}`,
      status,
      retryAfter: restPeriodOf(answer)?.seconds,
      extensions: Object.assign({}, ...extensions),
      // where the connector says itself what is a success, it is for it to tell of all else
      notFound: status === NOT_FOUND && connector.isSuccess === undefined && source?.isSuccess === undefined,
    });
  }

  /** `$request`, made once and only if a connector asks for it; `$context` has nothing. */
  #ofRequest({ references, source }: Connector): Variables {
    const readsRequest = ({ variable }: { variable: string }) => variable === '$request';
    if (!references.some(readsRequest) && !source?.references.some(readsRequest)) return NO_REQUEST;
    this.#request ??= { headers: listed(this.#client.headers) };
    return { $context: {}, $request: this.#request };
  }
}

/** What the API leaves open is said as it would be without its words. */
function withoutNulls(object: Record<string, Json>): Record<string, Json> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

const NOT_FOUND = 404;
const NO_REQUEST: Variables = { $context: {} };

/** Headers as the mapping language has them: each a list of values. */
function listed(headers: Readonly<Record<string, string | string[] | undefined>>): Json {
  const lists = Object.entries(headers).map(([name, value]) => [name, value === undefined ? [] : [value].flat()]);
  return Object.fromEntries(lists);
}
