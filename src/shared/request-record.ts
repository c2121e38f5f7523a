/** What a request passes: `parse` includes the limits and validation, `plan` the variables and policies, `respond` the time until its last byte. */
export const PHASES = ['receive', 'parse', 'plan', 'execute', 'respond'] as const;
export type Phase = (typeof PHASES)[number];

/** What of the response to a fetch came from the cache. */
export interface CacheUse {
  /** `partial`: some of the entities; `stale`: they are being refreshed; `stale-if-error`: the subgraph failed. */
  readonly outcome: 'hit' | 'stale' | 'partial' | 'miss' | 'stale-if-error';
  /** How many values came from the cache: entities, or 1 for root fields. */
  readonly cached: number;
  /** How many were fetched. */
  readonly fetched: number;
  /** The age of the oldest cached value, in seconds. */
  readonly age?: number | undefined;
}

/** One fetch of a request. */
export interface FetchRecord {
  readonly subgraph: string;
  /** The HTTP status, if the source responded. */
  status?: number | undefined;
  /** The code of the failure, if it failed as a whole. */
  code?: string | undefined;
  /** What came from the cache; `undefined` where the responses of the subgraph are not cached. */
  cache?: CacheUse | undefined;
  /** `undefined` while it is in flight. */
  durationMs?: number;
  /** Bytes of the response, decoded, if there is one. */
  bytes?: number | undefined;
}

/** A request with lists of entities may need any number of fetches. Further ones are only counted. */
const MOST_FETCHES = 50;

/**
 * What is recorded of one request on its way: when each phase began, and its fetches. There is one only if the access log or
 * `Server-Timing` needs it. A record whose request shares the execution of another has `joined`.
 */
export class RequestRecord {
  readonly fetches: FetchRecord[] = [];
  fetchCount = 0;
  /** Whether the operation and its plan were in the cache. */
  isPlanCached: boolean | undefined;
  /** What the response cache of endpoints did: `hit`, `stale`, `stale-if-error`, `miss`. */
  responseCache: string | undefined;
  /** The SHA-256 of the document as the client sent it, in hexadecimal. */
  operationHash: string | undefined;
  /** Whether that hash is needed. */
  readonly needsHash: boolean;
  /** Bytes of the body, where no header says how many they are. */
  receivedBytes = 0;
  /** Bytes that were written to the connection before this request. */
  writtenBefore = 0;
  private joined: RequestRecord | undefined;
  private readonly began: Partial<Record<Phase, number>> = {};
  private readonly now: () => number;

  constructor({ needsHash = false, now = () => performance.now() } = {}) {
    this.needsHash = needsHash;
    this.now = now;
    this.begin('receive');
  }

  /** Records that a phase begins, and that the one before ends. Of the operations in a batch, the first one counts. */
  begin(phase: Phase): void {
    this.began[phase] ??= this.now();
  }

  /** Records a fetch that begins. */
  beginFetch(subgraph: string): (result: Pick<FetchRecord, 'status' | 'code' | 'bytes' | 'cache'>) => void {
    this.fetchCount += 1;
    const startedAt = this.now();
    const fetch: FetchRecord = { subgraph };
    if (this.fetches.length < MOST_FETCHES) this.fetches.push(fetch);
    return ({ status, code, bytes, cache }) => {
      fetch.status = status;
      fetch.code = code;
      if (cache !== undefined) fetch.cache = cache;
      fetch.durationMs = rounded(this.now() - startedAt);
      fetch.bytes = bytes;
    };
  }

  /** Records that this request gets the result of another one's execution. */
  join(other: RequestRecord | undefined): void {
    if (other === undefined || other === this) return;
    this.joined = other;
    this.begin('execute');
  }

  get isShared(): boolean {
    return this.joined !== undefined;
  }

  /** The record of the execution: its own, or that of the request whose result it got. */
  get execution(): RequestRecord {
    return this.joined ?? this;
  }

  /** Milliseconds since the request began. */
  get elapsedMs(): number {
    return this.now() - (this.began.receive ?? 0);
  }

  /** Returns how long each phase took that has begun, in milliseconds. The last one ends now. */
  phases(): Partial<Record<Phase, number>> {
    const begun = PHASES.filter((phase) => this.began[phase] !== undefined);
    const durations: Partial<Record<Phase, number>> = {};
    begun.forEach((phase, index) => {
      const next = begun[index + 1];
      const end = next === undefined ? this.now() : (this.began[next] ?? 0);
      durations[phase] = Math.max(0, rounded(end - (this.began[phase] ?? 0)));
    });
    return durations;
  }
}

/** Returns milliseconds with one decimal. */
export function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
