import type { CancelSignal, Source, SourceFailure, SubgraphResponse } from '../sources/source.ts';
import type { Logger } from '../telemetry/logger.ts';

/** What is known of a failed request, for the log. */
export type Failure = Pick<SourceFailure, 'code' | 'reason' | 'status'>;

/**
 * Logs subgraphs that fail: a line at once, then one for all further failures in each interval, and one when requests succeed again.
 */
export interface Outages {
  /** Wraps a source so that its failures are logged. To be outside of what shares requests, so that each of them counts. */
  watch(source: Source): Source;
}

export interface OutagesOptions {
  readonly logger: Logger;
  /** Milliseconds between two lines about the same subgraph. */
  readonly intervalMs: number;
  /** Milliseconds of a clock that never goes back. */
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
        send: (request, done) => source.send(request, observed(outage, request.client.signal, done)),
        close: () => source.close(),
      };
    },
  };
}

/** While a request waits for its response, this holds on to nothing of it but the signal. */
function observed(
  outage: Outage,
  signal: CancelSignal | undefined,
  done: (answer: SubgraphResponse) => void,
): (answer: SubgraphResponse) => void {
  return (answer) => {
    const failure = failureIn(answer);
    if (failure === undefined) outage.succeeded();
    else if (isOutage(failure) && !signal?.aborted) outage.failed(failure);
    done(answer);
  };
}

function failureIn(answer: SubgraphResponse): Failure | undefined {
  if (answer.kind === 'failure') return answer.failure;
  if (answer.failed !== undefined) return answer.failed;
  if (isObjectText(answer.text)) return undefined;
  return { code: 'SUBREQUEST_MALFORMED_RESPONSE', reason: 'response is not a JSON object', status: answer.status };
}

/** What the gateway itself refuses to send says nothing of the subgraph. */
function isOutage({ code }: Failure): boolean {
  return code !== 'RATE_LIMITED' && code !== 'OVERLOADED';
}

/** Whether a text may be a JSON object: from its first and its last character, without reading the rest. */
function isObjectText(text: string): boolean {
  let first = 0;
  while (text.charCodeAt(first) <= SPACE) first++;
  let last = text.length - 1;
  while (text.charCodeAt(last) <= SPACE) last--;
  return text[first] === '{' && text[last] === '}';
}

const SPACE = 32;

/** The failures of one subgraph. */
class Outage {
  readonly #subgraph: string;
  readonly #options: OutagesOptions;
  #isFailing = false;
  /** Failures of this outage, and those of them that no line has counted yet. */
  #total = 0;
  #unlogged = 0;
  #last: Failure | undefined;
  #since = 0;
  /** Whether the log says at present that the subgraph fails. */
  #isLogged = false;
  /** Set for an interval after each line. */
  #timer: NodeJS.Timeout | undefined;

  constructor(subgraph: string, options: OutagesOptions) {
    this.#subgraph = subgraph;
    this.#options = options;
  }

  failed(failure: Failure): void {
    if (this.#total === 0) this.#since = this.#now();
    this.#isFailing = true;
    this.#last = failure;
    this.#total++;
    this.#unlogged++;
    if (this.#timer === undefined) this.#logFailures();
  }

  succeeded(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    if (this.#isLogged) this.#logRecovery();
  }

  #logFailures(): void {
    const { code, reason, status } = this.#last ?? {};
    const counts = { requests: this.#unlogged, ...(this.#isLogged && { total: this.#total }) };
    const fields = { subgraph: this.#subgraph, code, reason, ...(status !== undefined && { status }), ...counts };
    this.#options.logger.warn(fields, this.#isLogged ? 'subgraph still failing' : 'subgraph failing');
    this.#unlogged = 0;
    this.#isLogged = true;
    this.#wait();
  }

  #logRecovery(): void {
    const seconds = Math.round((this.#now() - this.#since) / 100) / 10;
    this.#options.logger.info({ subgraph: this.#subgraph, requests: this.#total, seconds }, 'subgraph recovered');
    this.#unlogged = 0;
    this.#total = 0;
    this.#isLogged = false;
    // one that fails again and again is not logged again and again
    this.#wait();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#unlogged > 0) this.#logFailures();
      if (this.#isLogged && !this.#isFailing) this.#logRecovery();
    }, this.#options.intervalMs).unref();
  }

  #now(): number {
    return (this.#options.now ?? (() => performance.now()))();
  }
}
