import type { Payload } from '../../executor/payload.ts';
import type { PayloadStream } from '../../executor/payload-stream.ts';
import type { DeferGroups } from '../../operation/defer-groups.ts';
import type { Engine, EngineRequest } from '../../pipeline/engine.ts';
import type { ExecutionResult, SingleResult } from '../../pipeline/execution-result.ts';
import { withDeadline } from '../../shared/deadline.ts';
import type { Cancellation } from '../../sources/cancellation.ts';
import type { Variables } from '../endpoints/coerce.ts';

/** A result with the timings of its parts, in milliseconds by name. */
export interface Execution<Result = FirstPart> {
  readonly result: Result;
  readonly timings: ReadonlyMap<string, number> | undefined;
}

/** An endpoint's operation, ready to execute. */
export interface ExecutionRequest {
  readonly query: string;
  /** Sections with a timeout of their own. */
  readonly timed: DeferGroups | undefined;
  readonly variables: Variables;
  /** False for mutations. */
  readonly readOnly: boolean;
  /** Returns the client information for the engine and its sources. */
  readonly client: (signal: Cancellation) => EngineRequest['client'];
  /** Timeout of the whole operation, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether to measure timings. */
  readonly measured: boolean;
}

/**
 * Executes an endpoint's operation. Rejects when the engine does.
 * @param cancellation the caller aborts it when all clients have disconnected; this function aborts it on timeout
 * @returns `undefined` on timeout
 */
export async function execute(
  engine: Engine,
  work: ExecutionRequest,
  cancellation: Cancellation,
): Promise<Execution<SingleResult> | undefined> {
  const timings = work.measured ? new Map<string, number>() : undefined;
  const began = timings && performance.now();
  const recordTiming = (name: string) => timings?.set(name, performance.now() - (began ?? 0));
  const groups = timings && work.timed ? withTimings(work.timed, recordTiming) : work.timed;
  const whole = requestFor(work, cancellation, groups);
  const { timeoutMs } = work;
  const request = { ...whole, client: { ...whole.client, deadline: performance.now() + timeoutMs, timeoutMs } };
  const result = await withDeadline(engine.execute(request), timeoutMs, () => abortOnTimeout(cancellation));
  recordTiming('engine');
  // the results of late sections in flight are not used
  const hasFailed = result?.refusal === 'overload' || (work.timed !== undefined && (result?.errors.length ?? 0) > 0);
  if (hasFailed) cancellation.abort();
  return result && { result, timings };
}

function withTimings(timed: DeferGroups, recordTiming: (name: string) => void): DeferGroups {
  return { ...timed, onDone: (group) => recordTiming(timed.list[group]?.path.join('.') ?? '') };
}

/** The first part of a result, and the payloads that follow it. */
export interface StreamedExecution extends Execution<FirstPart> {
  /** `undefined` where the result is a single one. */
  readonly payloads: PayloadStream | undefined;
}

/** A payload with what the HTTP response around it needs. */
type FirstPart = Pick<SingleResult, 'dataText' | 'errors' | 'status' | 'headers'>;

/**
 * Executes an endpoint's operation so that each of the given sections is a payload of its own, as soon as it is ready. All
 * of it is one execution. The timeout of the whole operation is that of the first part, and of each section.
 * @returns `undefined` where the first part was not ready in time
 */
export async function executeInParts(
  engine: Engine,
  work: ExecutionRequest,
  { key, list }: DeferGroups,
  cancellation: Cancellation,
): Promise<StreamedExecution | undefined> {
  const { timeoutMs } = work;
  const groups = { key, list: list.map((group) => ({ ...group, timeoutMs: Math.min(group.timeoutMs, timeoutMs) })) };
  const started = engine.stream(requestFor(work, cancellation, groups)).then(firstPart);
  return withDeadline(started, timeoutMs, () => abortOnTimeout(cancellation));
}

async function firstPart(result: ExecutionResult): Promise<StreamedExecution> {
  if (result.kind === 'single') return { result, timings: undefined, payloads: undefined };
  const { headers, payloads } = result;
  const { value: first }: { value: Payload } = await payloads.next();
  const { dataText, errors } = first;
  return { result: { dataText, errors, status: undefined, headers }, timings: undefined, payloads };
}

function requestFor(
  { query, variables, readOnly, client }: ExecutionRequest,
  signal: Cancellation,
  deferGroups: DeferGroups | undefined,
): EngineRequest {
  // the response names each section that failed
  return {
    query,
    variables,
    areVariablesBounded: true,
    readOnly,
    client: client(signal),
    deferGroups,
    reportEveryPlace: true,
  };
}

function abortOnTimeout(cancellation: Cancellation): undefined {
  cancellation.abort(true);
}
