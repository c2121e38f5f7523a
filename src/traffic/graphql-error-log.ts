import type { Logger } from '../telemetry/logger.ts';
import { type LoggedRequest, requestFields } from '../telemetry/request-fields.ts';

/**
 * Logs responses of subgraphs with GraphQL errors: a line at once, then one for all further responses in each interval. They are no
 * outage, so they never say that a subgraph fails or recovers.
 */
export interface GraphqlErrorLog {
  /**
   * Counts a response.
   * @param hasData whether there is data beside the errors
   * @param request the client's request
   */
  record(subgraph: string, codes: ReadonlySet<string>, hasData: boolean, request?: LoggedRequest): void;
  /** Logs the responses that no line has counted yet. To be called when the gateway stops. */
  flush(): void;
}

export interface GraphqlErrorLogOptions {
  readonly logger: Logger;
  /** Milliseconds between two lines about the same subgraph. */
  readonly intervalMs: number;
}

/** The most codes in a line. */
const MAX_CODES = 10;

export function createGraphqlErrorLog(options: GraphqlErrorLogOptions): GraphqlErrorLog {
  const bursts = new Map<string, Burst>();
  return {
    record(subgraph, codes, hasData, request) {
      let burst = bursts.get(subgraph);
      if (burst === undefined) {
        burst = new Burst(subgraph, options);
        bursts.set(subgraph, burst);
      }
      burst.record(codes, hasData, request);
    },
    flush() {
      for (const burst of bursts.values()) burst.flush();
    },
  };
}

/** The responses of one subgraph that no line has counted yet. */
class Burst {
  readonly #subgraph: string;
  readonly #options: GraphqlErrorLogOptions;
  readonly #codes = new Set<string>();
  #responses = 0;
  #withoutData = 0;
  /** The last request with errors. */
  #request: LoggedRequest | undefined;
  /** Set for an interval after each line. */
  #timer: NodeJS.Timeout | undefined;

  constructor(subgraph: string, options: GraphqlErrorLogOptions) {
    this.#subgraph = subgraph;
    this.#options = options;
  }

  record(codes: ReadonlySet<string>, hasData: boolean, request: LoggedRequest | undefined): void {
    this.#request = request;
    this.#responses++;
    if (!hasData) this.#withoutData++;
    for (const code of codes) if (this.#codes.size < MAX_CODES) this.#codes.add(code);
    if (this.#timer === undefined) this.#log();
  }

  flush(): void {
    this.#logRest();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #logRest(): void {
    if (this.#responses > 0) this.#log();
  }

  #log(): void {
    const counts = { responses: this.#responses, withoutData: this.#withoutData };
    const request = this.#request && requestFields(this.#request);
    const fields = { ...request, subgraph: this.#subgraph, codes: [...this.#codes], ...counts };
    const message = 'subgraph returned GraphQL errors';
    // a response without any data fails its whole fetch
    if (this.#withoutData > 0) this.#options.logger.warn(fields, message);
    else this.#options.logger.info(fields, message);
    this.#codes.clear();
    this.#responses = 0;
    this.#withoutData = 0;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#logRest();
    }, this.#options.intervalMs).unref();
  }
}
