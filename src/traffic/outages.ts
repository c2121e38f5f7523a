import type { ClientContext, Source, SourceFailure, SubgraphResponse } from '../sources/source.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type LoggedRequest, requestFields } from '../telemetry/request-fields.ts';

/** Details of a failed request for the log. */
export type Failure = Pick<SourceFailure, 'code' | 'reason' | 'status' | 'cause' | 'isOfPlugin'>;

/**
 * Logs subgraphs that fail: a line at once, then one for all further failures in each interval, and one when requests succeed again.
 */
export interface Outages {
  /** Wraps a source so that its failures are logged. Has to be outside the layer that shares requests, so that each counts. */
  watch(source: Source): Source;
  /** Counts a failure that only showed when the response was parsed. */
  failed(subgraph: string, failure: Failure, request?: LoggedRequest): void;
  /** Logs the failures that no line has counted yet. To be called when the gateway stops. */
  flush(): void;
}

export interface OutagesOptions {
  readonly logger: Logger;
  /** Milliseconds between two lines about the same subgraph. */
  readonly intervalMs: number;
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number;
}

export function createOutages(options: OutagesOptions): Outages {
  const outages = new Map<string, Outage>();
  const outageOf = (subgraph: string) => {
    let outage = outages.get(subgraph);
    if (outage === undefined) {
      outage = new Outage(subgraph, options);
      outages.set(subgraph, outage);
    }
    return outage;
  };
  return {
    watch(source) {
      const outage = outageOf(source.name);
      return {
        name: source.name,
        send: (request, done) => source.send(request, observed(outage, request.client, done)),
        close: () => source.close(),
      };
    },
    failed(subgraph, failure, request) {
      outageOf(subgraph).failed(failure, request);
    },
    flush() {
      for (const outage of outages.values()) outage.flush();
    },
  };
}

/** Returns what the log says about a client's request, without a reference to the rest of it. */
export function loggedRequest({ requestId, operation, trace }: ClientContext): LoggedRequest {
  // the trace itself would be kept with all its spans
  return { requestId, operation, trace: trace && { traceId: trace.traceId } };
}

/** Returns a callback that reports the response. It references only a part of the request, so the request can be collected. */
function observed(
  outage: Outage,
  client: ClientContext,
  done: (response: SubgraphResponse) => void,
): (response: SubgraphResponse) => void {
  return (response) => {
    const failure = failureIn(response);
    if (failure !== undefined) {
      if (isOutage(failure) && !isAborted(failure, client)) outage.failed(failure, loggedRequest(client));
      return done(response);
    }
    if (!outage.isFailing) return done(response);
    // the executor parses the response, and may find that it is malformed
    const { total } = outage;
    done(response);
    if (outage.total === total) outage.succeeded();
  };
}

/** Returns whether the client disconnected, or its request timed out before the fetch had waited for long. */
function isAborted({ code }: Failure, { signal }: ClientContext): boolean {
  return signal?.aborted === true && code !== 'SUBREQUEST_TIMEOUT';
}

function failureIn(response: SubgraphResponse): Failure | undefined {
  if (response.kind === 'failure') return response.failure;
  // an API that refuses a call with 4xx works
  const { failed } = response;
  return failed?.status !== undefined && failed.status >= 300 && failed.status < 500 ? undefined : failed;
}

/** Returns whether a failure concerns the subgraph: requests that the gateway itself rejects do not. */
function isOutage({ code, isOfPlugin }: Failure): boolean {
  return !isOfPlugin && code !== 'RATE_LIMITED' && code !== 'OVERLOADED' && code !== 'SUBREQUEST_QUEUE_FULL';
}

/** The failures of one subgraph. */
class Outage {
  readonly #subgraph: string;
  readonly #options: OutagesOptions;
  isFailing = false;
  /** Failures of this outage, and in `#unlogged` those that no line has counted yet. */
  total = 0;
  #unlogged = 0;
  #last: Failure | undefined;
  /** The request that failed last. */
  #request: LoggedRequest | undefined;
  #since = 0;
  /** Whether the last line of the log says that the subgraph fails. */
  #isLogged = false;
  /** Set for an interval after each line. */
  #timer: NodeJS.Timeout | undefined;

  constructor(subgraph: string, options: OutagesOptions) {
    this.#subgraph = subgraph;
    this.#options = options;
  }

  failed(failure: Failure, request?: LoggedRequest): void {
    if (this.total === 0) this.#since = this.#now();
    this.isFailing = true;
    this.#last = failure;
    this.#request = request;
    this.total++;
    this.#unlogged++;
    if (this.#timer === undefined) this.#logFailures();
  }

  succeeded(): void {
    if (!this.isFailing) return;
    this.isFailing = false;
    if (this.#isLogged) this.#logRecovery();
  }

  flush(): void {
    this.#logRest();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #logRest(): void {
    if (this.#unlogged > 0) this.#logFailures();
    if (this.#isLogged && !this.isFailing) this.#logRecovery();
  }

  #logFailures(): void {
    const { code, reason, status, cause } = this.#last ?? {};
    const counts = { requests: this.#unlogged, ...(this.#isLogged && { total: this.total }) };
    const request = this.#request && requestFields(this.#request);
    const found = { subgraph: this.#subgraph, code, reason, ...(status !== undefined && { status }), ...counts };
    const fields = { ...request, ...found };
    const all = cause === undefined ? fields : { ...fields, err: cause };
    this.#options.logger.warn(all, this.#isLogged ? 'subgraph still failing' : 'subgraph failing');
    this.#unlogged = 0;
    this.#isLogged = true;
    this.#wait();
  }

  #logRecovery(): void {
    const seconds = Math.round((this.#now() - this.#since) / 100) / 10;
    this.#options.logger.info({ subgraph: this.#subgraph, requests: this.total, seconds }, 'subgraph recovered');
    this.#unlogged = 0;
    this.total = 0;
    this.#isLogged = false;
    // a subgraph that fails and recovers repeatedly must not flood the log
    this.#wait();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#logRest();
    }, this.#options.intervalMs).unref();
  }

  #now(): number {
    return (this.#options.now ?? (() => performance.now()))();
  }
}
