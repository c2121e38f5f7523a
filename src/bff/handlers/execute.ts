import type { TimedSections } from '../../operation/timed-sections.ts';
import type { Engine, EngineRequest, ExecutionResult } from '../../pipeline/engine.ts';
import { Cancellation } from '../../sources/cancellation.ts';
import type { Variables } from '../endpoints/coerce.ts';
import type { LateOperation } from '../endpoints/endpoints.ts';

export interface Execution {
  readonly answer: ExecutionResult;
  readonly timings: ReadonlyMap<string, number> | undefined;
}

export interface Work {
  readonly query: string;
  /** Sections that the rest waits for no longer than a while. */
  readonly timed: TimedSections | undefined;
  readonly variables: Variables;
  /** False for mutations. */
  readonly readOnly: boolean;
  /** Who asks, as far as the engine and its sources are told. */
  readonly client: (signal: Cancellation) => EngineRequest['client'];
  /** Of the whole, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether to measure how long what takes. */
  readonly measured: boolean;
}

/**
 * Executes an endpoint. `undefined` where the time of the whole was up first; what is under way is then aborted.
 * Rejects when the engine does.
 * @param cancellation aborted from outside when nobody waits any more, from here when time is up
 */
export async function execute(engine: Engine, work: Work, cancellation: Cancellation): Promise<Execution | undefined> {
  const timings = work.measured ? new Map<string, number>() : undefined;
  const began = timings && performance.now();
  const note = (name: string) => timings?.set(name, performance.now() - (began ?? 0));
  const sections = timings && work.timed ? measuring(work.timed, note) : work.timed;
  const request = requestFor(work, work.query, cancellation, sections);
  const answer = await withDeadline(engine.execute(request), work.timeoutMs, cancellation);
  note('engine');
  // what a section is still fetching is for nobody
  const isGivenUp = answer?.refusal === 'overload' || (work.timed !== undefined && (answer?.errors.length ?? 0) > 0);
  if (isGivenUp) cancellation.abort();
  return answer && { answer, timings };
}

function measuring(timed: TimedSections, note: (name: string) => void): TimedSections {
  return { ...timed, onDone: (section) => note(timed.list[section]?.path.join('.') ?? '') };
}

/** Resolves with `undefined`, and aborts the section alone, when its time is up. */
export async function executeLate(
  engine: Engine,
  work: Work,
  operation: LateOperation,
  whole: Cancellation,
): Promise<ExecutionResult | undefined> {
  const own = new Cancellation();
  const onAbort = () => own.abort();
  whole.addEventListener('abort', onAbort);
  try {
    return await withDeadline(engine.execute(requestFor(work, operation.query, own)), operation.timeoutMs, own);
  } finally {
    whole.removeEventListener('abort', onAbort);
  }
}

function requestFor(
  { variables, readOnly, client }: Work,
  query: string,
  signal: Cancellation,
  sections?: TimedSections,
): EngineRequest {
  // each section that failed is named in the answer
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

/** The longest time that a timer takes. */
const FOREVER_MS = 2 ** 31 - 1;

function withDeadline<T>(work: Promise<T>, ms: number, cancellation: Cancellation): Promise<T | undefined> {
  if (ms > FOREVER_MS) return work;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      resolve(undefined);
      cancellation.abort();
    }, ms);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
