import { type FetchJson, FetchTrace } from './fetch-trace.ts';
import type { ExplainedNull, ExplainedNulls } from './null-cause.ts';
import type { Phase, RequestRecord } from './request-record.ts';

/** A decision of a policy on a request. */
export interface PolicyTrace {
  /** `refused`: the operation did not run. `dropped`: a field was not fetched. */
  readonly decision: 'refused' | 'dropped';
  readonly code: string;
  readonly message: string;
  readonly path?: readonly (string | number)[] | undefined;
  /** What would have allowed the field: `@requiresScopes: read:orders`. */
  readonly requirement?: string | undefined;
}

/** The trace of a request, as `extensions.headgate` has it. */
export interface DebugJson {
  readonly requestId: string;
  readonly operation?: { readonly name?: string | undefined; readonly type: string } | undefined;
  /** Whether the operation and its plan were in the cache. */
  readonly isPlanCached?: boolean | undefined;
  readonly durationMs: number;
  /** Milliseconds by phase. */
  readonly phases: Partial<Record<Phase, number>>;
  readonly policies: readonly PolicyTrace[];
  /** As `headgate plan --format json` prints it. */
  readonly plan?: unknown;
  readonly fetches: readonly FetchJson[];
  readonly nulls: readonly ExplainedNull[];
  /** How many nulls subgraphs returned themselves: they are not listed. */
  readonly nullsOfSubgraphs: number;
  /** What the trace leaves out, because it would be too large. */
  readonly leftOut?: LeftOut | undefined;
}

export interface LeftOut {
  readonly nulls?: number | undefined;
  readonly fetches?: number | undefined;
  readonly policies?: number | undefined;
  /** The characters of the plan. */
  readonly plan?: number | undefined;
  /** Whether nulls were not searched in the whole result. */
  readonly restOfResult?: boolean | undefined;
}

/** A fetch that begins. */
export type FetchStart = Omit<FetchJson, 'fetch' | 'startMs' | 'tries' | 'events'>;

const MAX_FETCHES = 100;
const MAX_POLICIES = 100;
/** The largest plan, and the longest list of nulls and of fetches, in characters of JSON. */
const MAX_CHARACTERS = 100_000;

/**
 * Records what happens to one operation, for a client that may know: `x-headgate-debug: trace`. No other request has one.
 */
export class DebugTrace {
  private readonly requestId: string;
  private readonly record: RequestRecord | undefined;
  private readonly start = performance.now();
  private readonly fetches: FetchTrace[] = [];
  private fetchCount = 0;
  private readonly numbers = new WeakMap<object, number>();
  private readonly policies: PolicyTrace[] = [];
  private policyCount = 0;
  private nulls: ExplainedNulls | undefined;
  /** Returns the plan as data. */
  private plan: (() => unknown) | undefined;
  private operation: DebugJson['operation'];

  constructor(requestId: string, record: RequestRecord | undefined) {
    this.requestId = requestId;
    this.record = record;
  }

  /** Returns a trace for one operation of a batch. */
  forOperation(): DebugTrace {
    return new DebugTrace(this.requestId, this.record);
  }

  /**
   * Records a fetch that begins.
   * @param parts what {@link numberOf} finds it by
   */
  beginFetch(fetch: FetchStart, parts: readonly object[]): FetchTrace {
    const number = this.fetchCount++;
    for (const part of parts) this.numbers.set(part, number);
    const trace = new FetchTrace({ ...fetch, fetch: number }, () => this.elapsed());
    if (this.fetches.length < MAX_FETCHES) this.fetches.push(trace);
    return trace;
  }

  /** Returns the number of the fetch that a part belongs to. */
  numberOf(part: object): number | undefined {
    return this.numbers.get(part);
  }

  addPolicy(policy: PolicyTrace): void {
    this.policyCount++;
    if (this.policies.length < MAX_POLICIES) this.policies.push(policy);
  }

  setOperation({ name, type }: NonNullable<DebugJson['operation']>): void {
    this.operation = { name, type };
  }

  setPlan(plan: () => unknown): void {
    this.plan = plan;
  }

  setNulls(nulls: ExplainedNulls): void {
    this.nulls = nulls;
  }

  toJSON(): DebugJson {
    const { nulls: explained, record } = this;
    const plan = this.plan?.();
    const planSize = JSON.stringify(plan ?? null).length;
    const fits = planSize <= MAX_CHARACTERS;
    const nulls = upTo(MAX_CHARACTERS, explained?.nulls ?? []);
    const fetches = upTo(
      MAX_CHARACTERS,
      this.fetches.map((fetch) => fetch.toJSON()),
    );
    const policies = upTo(MAX_CHARACTERS, this.policies);
    const { respond: _, ...phases } = record?.phases() ?? {};
    return {
      requestId: this.requestId,
      operation: this.operation,
      isPlanCached: record?.isPlanCached,
      durationMs: this.elapsed(),
      phases,
      policies,
      plan: fits ? plan : undefined,
      fetches,
      nulls,
      nullsOfSubgraphs: explained?.ofSubgraphs ?? 0,
      leftOut: leftOut({
        nulls: (explained?.leftOut ?? 0) + (explained?.nulls.length ?? 0) - nulls.length,
        fetches: this.fetchCount - fetches.length,
        policies: this.policyCount - policies.length,
        plan: fits ? 0 : planSize,
        restOfResult: explained?.isIncomplete === true,
      }),
    };
  }

  private elapsed(): number {
    return Math.round((performance.now() - this.start) * 10) / 10;
  }
}

/** Returns the first items whose JSON has so many characters together. */
function upTo<T>(characters: number, items: readonly T[]): readonly T[] {
  let left = characters;
  const end = items.findIndex((item) => {
    left -= JSON.stringify(item).length;
    return left < 0;
  });
  return end < 0 ? items : items.slice(0, end);
}

function leftOut(counts: LeftOut): LeftOut | undefined {
  const present = Object.entries(counts).filter(([, count]) => count !== 0 && count !== false);
  return present.length === 0 ? undefined : Object.fromEntries(present);
}
