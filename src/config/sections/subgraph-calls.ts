import * as z from 'zod';
import { duration, timerDuration, timerDurationOrZero } from '../duration.ts';
import { forwardableName } from '../header.ts';
import { positiveShare, share } from '../share.ts';

const condition = z.enum([
  'connection_failure',
  'gateway_error',
  '5xx',
  'timeout',
  'retry_after',
  'malformed_response',
]);

/** The conditions under which a read is sent again. */
export type RetryCondition = z.output<typeof condition>;

/** A group of settings, or `false`, which switches off what `all` has. */
function orOff<T extends z.ZodObject>(group: T) {
  return z.union([group, z.literal(false)], 'expected settings, or false for off').optional();
}

const budget = z
  .strictObject({
    share: share.optional().describe('Retries and hedges, as a share of requests. Default: 20%'),
    window: duration.optional().describe('Over which time requests are counted. Default: 10s'),
    min_per_second: z.number().min(0).max(10_000).optional().describe('Retries that are always allowed. Default: 3'),
  })
  .describe('The most retries and hedges of a subgraph together');

const backoff = z
  .strictObject({
    base: timerDurationOrZero.optional().describe('Longest wait before the first retry; it doubles. Default: 25ms'),
    max: timerDurationOrZero.optional().describe('Longest wait before any retry. Default: 1s'),
  })
  .describe('The random time before a retry');

const retry = z
  .strictObject({
    max_attempts: z.int().min(1).max(10).optional().describe('Tries of one read, the first included. Default: 3'),
    on: z.array(condition).optional().describe('When a read is sent again. Default: all but 5xx'),
    error_codes: z
      .array(z.string().regex(/^[\w.:-]{1,100}$/, 'expected an error code such as "UNAVAILABLE"'))
      .optional()
      .describe('Codes of GraphQL errors (`extensions.code`) after which a read is sent again. Default: none'),
    backoff: backoff.optional(),
    budget: budget.optional(),
  })
  .describe('Sends reads again');

const hedge = z
  .strictObject({
    after: z
      .union([z.literal('p95'), timerDuration], 'expected "p95" or a duration such as "100ms"')
      .optional()
      .describe('When a second request is sent: a duration, or `p95` of the last responses. Default: p95'),
    max_share: positiveShare.optional().describe('The most second requests, as a share of reads. Default: 5%'),
  })
  .describe('Sends a second request for a slow read');

const slowThreshold = z
  .strictObject({
    duration: duration.describe('A call that takes longer is slow'),
    share: positiveShare.describe('The share of slow calls that opens the circuit'),
  })
  .describe('Opens the circuit when calls are slow');

const circuitBreaker = z
  .strictObject({
    error_threshold: positiveShare.optional().describe('Share of failed calls that opens it. Default: 50%'),
    consecutive_failures: z.int().min(1).optional().describe('Failures in a row that open it. Default: not counted'),
    slow_threshold: slowThreshold.optional(),
    volume_threshold: z.int().min(1).optional().describe('Calls in the window before shares count. Default: 20'),
    window: duration.optional().describe('Over which time calls are counted. Default: 10s'),
    reset_timeout: duration.optional().describe('How long it stays open. Default: 5s'),
    half_open_attempts: z.int().min(1).optional().describe('Calls that test the endpoint afterwards. Default: 3'),
  })
  .describe('Rejects calls to an endpoint that fails, with SUBGRAPH_CIRCUIT_BREAKER_REJECTED');

const concurrency = z
  .strictObject({
    max: z.int().min(1).describe('Calls at once, for each process'),
    queue: z
      .int()
      .min(0)
      .optional()
      .describe('Calls that may wait; further ones get SUBREQUEST_QUEUE_FULL. Default: 1000'),
  })
  .describe('Calls of one subgraph at once');

const deadline = z
  .strictObject({
    header: forwardableName.describe('The header for the time that is left, in milliseconds'),
  })
  .describe('Sends the time that is left to the subgraph');

/** Keys of `traffic_shaping.all` and of `traffic_shaping.subgraphs.NAME` about single calls. */
export const callKeys = {
  connect_timeout: timerDuration.optional().describe('Timeout for opening a connection. Default: 10s'),
  try_timeout: duration
    .optional()
    .describe('Timeout of one try of a read; it has to be shorter than `timeout`. Default: none'),
  deadline: orOff(deadline),
  retry: orOff(retry),
  hedge: orOff(hedge),
  circuit_breaker: orOff(circuitBreaker),
  concurrency: orOff(concurrency),
  max_entities_per_request: z
    .union([z.int().positive(), z.literal(false)], 'expected a whole number above 0, or false for no limit')
    .optional()
    .describe('Most entities of one request: larger ones are sent as several, at the same time. Default: no limit'),
};

const callSettings = z.strictObject(callKeys);
export type CallKeys = z.output<typeof callSettings>;

/** The settings of one subgraph's calls, with defaults. A missing group is off. Durations are milliseconds, shares 0 to 1. */
export type CallSettings = ReturnType<typeof mergedCallSettings>;

const DEFAULT_CONDITIONS: readonly RetryCondition[] = condition.options.filter((one) => one !== '5xx');

const DEFAULTS = {
  retry: { max_attempts: 3, on: DEFAULT_CONDITIONS },
  backoff: { base: 25, max: 1_000 },
  budget: { share: 0.2, window: 10_000, min_per_second: 3 },
  hedge: { after: 'p95' as const, max_share: 0.05 },
  circuit_breaker: {
    error_threshold: 0.5,
    volume_threshold: 20,
    window: 10_000,
    reset_timeout: 5_000,
    half_open_attempts: 3,
  },
  concurrency: { queue: 1_000 },
};

/** Merges settings key by key: those of the subgraph over those of `all`, and both over the defaults. `false` switches a group off. */
export function mergedCallSettings(all: CallKeys, own: CallKeys | undefined) {
  return {
    connect_timeout: own?.connect_timeout ?? all.connect_timeout,
    try_timeout: own?.try_timeout ?? all.try_timeout,
    deadline: merged(all.deadline, own?.deadline),
    retry: mergedRetry(merged(all.retry, own?.retry), own?.retry, all.retry),
    hedge: withDefaults(DEFAULTS.hedge, merged(all.hedge, own?.hedge)),
    circuit_breaker: withDefaults(DEFAULTS.circuit_breaker, merged(all.circuit_breaker, own?.circuit_breaker)),
    concurrency: withDefaults(DEFAULTS.concurrency, merged(all.concurrency, own?.concurrency)),
    max_entities_per_request: (own?.max_entities_per_request ?? all.max_entities_per_request) || undefined,
  };
}

type Group<T> = T | false | undefined;

function merged<T extends object>(all: Group<T>, own: Group<T>): T | undefined {
  if (own === false) return undefined;
  if (own === undefined) return all === false ? undefined : all;
  return all === false || all === undefined ? own : { ...all, ...defined(own) };
}

function withDefaults<D extends object, T extends object>(defaults: D, group: T | undefined): (D & T) | undefined {
  return group && ({ ...defaults, ...defined(group) } as D & T);
}

type Retry = z.output<typeof retry>;

function mergedRetry(group: Retry | undefined, own: Group<Retry>, all: Group<Retry>) {
  if (group === undefined) return undefined;
  const part = <K extends 'backoff' | 'budget'>(key: K) =>
    merged(all ? all[key] : undefined, own ? own[key] : undefined);
  return {
    ...DEFAULTS.retry,
    ...defined(group),
    backoff: withDefaults(DEFAULTS.backoff, part('backoff') ?? {}) as typeof DEFAULTS.backoff,
    budget: withDefaults(DEFAULTS.budget, part('budget') ?? {}) as typeof DEFAULTS.budget,
  };
}

/** Returns an object without its undefined values. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as T;
}

/** A setting that cannot work, by the keys that lead to it. */
export interface CallProblem {
  readonly path: readonly string[];
  readonly message: string;
}

/** Returns the settings of one subgraph that contradict each other. `timeout` in milliseconds. */
export function callProblems(settings: CallSettings, timeout: number): CallProblem[] {
  const { try_timeout, connect_timeout, retry: again, hedge: second, circuit_breaker: breaker } = settings;
  const problems: CallProblem[] = [];
  const check = (isWrong: boolean, path: readonly string[], message: string) => {
    if (isWrong) problems.push({ path, message });
  };
  const within = `expected less than "timeout" (${timeout} ms), which all tries have together`;
  check(try_timeout !== undefined && try_timeout >= timeout, ['try_timeout'], within);
  check(
    connect_timeout !== undefined && connect_timeout > timeout,
    ['connect_timeout'],
    `expected at most "timeout" (${timeout} ms)`,
  );
  check(
    again !== undefined && again.backoff.base > again.backoff.max,
    ['retry', 'backoff', 'base'],
    `expected at most "backoff.max" (${again?.backoff.max} ms)`,
  );
  const [limit, ofTry] = try_timeout === undefined ? ['timeout', timeout] : ['try_timeout', try_timeout];
  check(
    typeof second?.after === 'number' && second.after >= ofTry,
    ['hedge', 'after'],
    `expected less than "${limit}" (${ofTry} ms)`,
  );
  check(
    second !== undefined && again?.budget.share === 0 && again.budget.min_per_second === 0,
    ['retry', 'budget'],
    'allows no request, and "hedge" spends it, too; expected a "share" or a "min_per_second" above 0, or "hedge: false"',
  );
  const slow = breaker?.slow_threshold?.duration;
  check(
    slow !== undefined && slow > timeout,
    ['circuit_breaker', 'slow_threshold', 'duration'],
    `expected at most "timeout" (${timeout} ms): no call takes longer`,
  );
  return problems;
}
