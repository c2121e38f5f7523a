/** One HTTP request of a fetch. */
export interface TryTrace {
  /** Without credentials, and without the values of query parameters. */
  readonly url: string;
  /** The method, where it is not `POST`. */
  readonly method?: string | undefined;
  /** Since the request began. */
  readonly startMs: number;
  /** `undefined` while it is in flight: it lost a race, or the request did not wait for it. */
  durationMs?: number | undefined;
  /** The HTTP status. */
  status?: number | undefined;
  /** The code of the failure. */
  error?: string | undefined;
  /** The cause in a few words. */
  reason?: string | undefined;
  /** Why it was sent beside, or after, another one. */
  readonly because?: string | undefined;
}

/** How a fetch is recorded. */
export interface FetchJson {
  /** The number of the fetch, counted from 0. */
  readonly fetch: number;
  /** The id of the request in the plan. */
  readonly request: number;
  readonly subgraph: string;
  readonly operationType: string;
  readonly operationName?: string | undefined;
  /** How many objects it looked up. */
  readonly representations: number;
  readonly startMs: number;
  readonly durationMs?: number | undefined;
  readonly status?: number | undefined;
  readonly error?: string | undefined;
  readonly reason?: string | undefined;
  /** Of the response. */
  readonly bytes?: number | undefined;
  /** Whether it got the response to an equal fetch of another request. */
  readonly isShared?: boolean | undefined;
  readonly tries: readonly TryTrace[];
  readonly leftOutTries?: number | undefined;
  /** What else happened: refusals, waits, caches. */
  readonly events: readonly string[];
}

/** What a fetch ended with. */
export interface FetchEnd {
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
  readonly bytes?: number | undefined;
}

const MAX_TRIES = 50;
const MAX_EVENTS = 20;

/** Records one fetch: its HTTP requests, and what the layers around the source decide. */
export class FetchTrace {
  private readonly now: () => number;
  private readonly about: Omit<FetchJson, 'startMs' | 'tries' | 'events'>;
  private readonly startMs: number;
  private readonly tries: TryTrace[] = [];
  private readonly events: string[] = [];
  private leftOut = 0;
  private end: (FetchEnd & { readonly durationMs: number }) | undefined;
  private isShared = false;
  /** Why the next HTTP request is sent. */
  private because: string | undefined;

  /** @param now returns the milliseconds since the request began */
  constructor(about: Omit<FetchJson, 'startMs' | 'tries' | 'events'>, now: () => number) {
    this.about = about;
    this.now = now;
    this.startMs = now();
  }

  /** Records that an HTTP request is sent. Returns a function that records its end. */
  beginTry(url: string, method?: string): (end: FetchEnd) => void {
    const startMs = this.now();
    const one: TryTrace = { url: redactedUrl(url), method, startMs, because: this.because };
    this.because = undefined;
    if (this.tries.length < MAX_TRIES) this.tries.push(one);
    else this.leftOut++;
    return ({ status, code, reason }) => {
      one.durationMs = difference(this.now(), startMs);
      one.status = status;
      one.error = code;
      one.reason = reason;
    };
  }

  /** Records why the next HTTP request is sent. */
  expectTry(because: string): void {
    this.because = because;
  }

  /** Records what happened, such as `circuit breaker is open`. */
  note(event: string): void {
    if (this.events.length < MAX_EVENTS) this.events.push(event);
  }

  /** Records that the fetch gets the response to an equal one that is in flight. */
  share(): void {
    this.isShared = true;
  }

  finish(end: FetchEnd): void {
    this.end ??= { ...end, durationMs: difference(this.now(), this.startMs) };
  }

  toJSON(): FetchJson {
    const { about, startMs, tries, events, end, isShared, leftOut } = this;
    return {
      ...about,
      startMs,
      durationMs: end?.durationMs,
      status: end?.status,
      error: end?.code,
      reason: end?.reason,
      bytes: end?.bytes,
      isShared: isShared || undefined,
      tries,
      leftOutTries: leftOut || undefined,
      events,
    };
  }
}

function difference(end: number, start: number): number {
  return Math.round((end - start) * 10) / 10;
}

/** Returns a URL without credentials, and with `…` for each value of its query. */
export function redactedUrl(url: string): string {
  const [address = '', query] = url.split('?', 2);
  const shown = address.replace(/^([a-z]+:\/\/)[^/@]*@/, '$1');
  if (query === undefined) return shown;
  const names = query.split('&').map((pair) => pair.split('=', 1)[0]);
  return `${shown}?${names.map((name) => `${name}=…`).join('&')}`;
}
