import type { TimedSections } from '../../operation/timed-sections.ts';
import type { Engine, EngineRequest, ExecutionResult } from '../../pipeline/engine.ts';
import { withDeadline } from '../../shared/deadline.ts';
import { Cancellation } from '../../sources/cancellation.ts';
import type { Variables } from '../endpoints/coerce.ts';
import type { DeferredOperation } from '../endpoints/endpoints.ts';

/** A result with the timings of its parts, in milliseconds by name. */
export interface Execution {
  readonly result: ExecutionResult;
  readonly timings: ReadonlyMap<string, number> | undefined;
}

/** An endpoint's operation, ready to execute. */
export interface ExecutionRequest {
  readonly query: string;
  /** Sections with a timeout of their own. */
  readonly timed: TimedSections | undefined;
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
): Promise<Execution | undefined> {
  const timings = work.measured ? new Map<string, number>() : undefined;
  const began = timings && performance.now();
  const recordTiming = (name: string) => timings?.set(name, performance.now() - (began ?? 0));
  const sections = timings && work.timed ? withTimings(work.timed, recordTiming) : work.timed;
  const request = requestFor(work, work.query, cancellation, sections);
  const result = await withDeadline(engine.execute(request), work.timeoutMs, () => abortOnTimeout(cancellation));
  recordTiming('engine');
  // the results of timed sections in flight are not used
  const hasFailed = result?.refusal === 'overload' || (work.timed !== undefined && (result?.errors.length ?? 0) > 0);
  if (hasFailed) cancellation.abort();
  return result && { result, timings };
}

function withTimings(timed: TimedSections, recordTiming: (name: string) => void): TimedSections {
  return { ...timed, onDone: (section) => recordTiming(timed.list[section]?.path.join('.') ?? '') };
}

/** Executes one section on its own. On timeout it resolves with `undefined` and aborts only this section. */
export async function executeDeferred(
  engine: Engine,
  work: ExecutionRequest,
  operation: DeferredOperation,
  whole: Cancellation,
): Promise<ExecutionResult | undefined> {
  const own = new Cancellation();
  const onAbort = () => own.abort();
  whole.addEventListener('abort', onAbort);
  try {
    return await withDeadline(engine.execute(requestFor(work, operation.query, own)), operation.timeoutMs, () =>
      abortOnTimeout(own),
    );
  } finally {
    whole.removeEventListener('abort', onAbort);
  }
}

function requestFor(
  { variables, readOnly, client }: ExecutionRequest,
  query: string,
  signal: Cancellation,
  sections?: TimedSections,
): EngineRequest {
  // the response names each section that failed
  return {
    query,
    variables,
    areVariablesBounded: true,
    readOnly,
    client: client(signal),
    sections,
    reportEveryPlace: true,
  };
}

function abortOnTimeout(cancellation: Cancellation): undefined {
  cancellation.abort();
}
