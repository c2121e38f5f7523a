import type { ClientFacts } from '../../client/identity.ts';
import type { Engine, EngineAnswer } from '../../engine/engine.ts';
import { Cancellation } from '../../sources/cancellation.ts';
import type { Variables } from '../endpoints/coerce.ts';
import type { LateOperation } from '../endpoints/endpoints.ts';

/** Who asks, as far as the engine and its sources are told. */
export interface Asker extends Partial<ClientFacts> {
  readonly requestId: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What a late section came to; `undefined` where its time was up first. */
export interface LateAnswer {
  readonly operation: LateOperation;
  readonly answer: EngineAnswer | undefined;
}

export interface Execution {
  readonly answer: EngineAnswer;
  readonly late: readonly LateAnswer[];
  readonly timings: ReadonlyMap<string, number> | undefined;
}

export interface Work {
  readonly query: string;
  readonly late: readonly LateOperation[];
  readonly variables: Variables;
  /** False for mutations. */
  readonly readOnly: boolean;
  readonly asker: Asker;
  /** Of the whole, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether to measure how long what takes. */
  readonly timed: boolean;
}

/**
 * Executes the operation and, beside it, its late sections. `undefined` where the time of the whole was up first; what is
 * under way is then aborted. Rejects when the engine does.
 * @param cancellation aborted from outside when nobody waits any more, from here when time is up
 */
export async function execute(engine: Engine, work: Work, cancellation: Cancellation): Promise<Execution | undefined> {
  const timings = work.timed ? new Map<string, number>() : undefined;
  const began = performance.now();
  const note = (name: string) => timings?.set(name, performance.now() - began);
  const main = engine.execute(requestFor(work, work.query, cancellation));
  if (work.late.length === 0) {
    const answer = await withDeadline(main, work.timeoutMs, cancellation);
    note('engine');
    return answer && { answer, late: [], timings };
  }
  const late = Promise.all(
    work.late.map(async (operation) => {
      const answer = await executeLate(engine, work, operation, cancellation);
      note(operation.path.join('.'));
      return { operation, answer };
    }),
  );
  const answers = Promise.all([main.finally(() => note('engine')), late]).then(([answer, sections]) => {
    return { answer, late: sections, timings };
  });
  return withDeadline(answers, work.timeoutMs, cancellation);
}

/** Resolves with `undefined`, and aborts the section alone, when its time is up. */
export async function executeLate(
  engine: Engine,
  work: Work,
  operation: LateOperation,
  whole: Cancellation,
): Promise<EngineAnswer | undefined> {
  const own = new Cancellation();
  const onAbort = () => own.abort();
  whole.addEventListener('abort', onAbort);
  try {
    return await withDeadline(engine.execute(requestFor(work, operation.query, own)), operation.timeoutMs, own);
  } finally {
    whole.removeEventListener('abort', onAbort);
  }
}

function requestFor({ variables, readOnly, asker }: Work, query: string, signal: Cancellation) {
  return { query, variables, readOnly, client: { ...asker, signal } };
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
