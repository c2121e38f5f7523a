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
  /** Everything but the late sections. */
  readonly query: string;
  /** The same with the late sections. */
  readonly whole: string;
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

/** Endpoints of which a section was too slow lately, by their late sections. */
const slow = new WeakSet<readonly LateOperation[]>();

/**
 * Executes an endpoint. `undefined` where the time of the whole was up first; what is under way is then aborted.
 * Rejects when the engine does.
 *
 * Sections with a time of their own are read together with the rest, by one plan, as long as that goes well: then they
 * cost nothing. When the shortest of their times is up, the rest is asked for without them, and whoever is ready first
 * answers. From then on they are executed apart from the beginning, each given up at its own time, until all of them
 * have been in time again.
 * @param cancellation aborted from outside when nobody waits any more, from here when time is up
 */
export async function execute(engine: Engine, work: Work, cancellation: Cancellation): Promise<Execution | undefined> {
  const timings = work.timed ? new Map<string, number>() : undefined;
  const began = performance.now();
  const note = (name: string) => timings?.set(name, performance.now() - began);
  if (work.late.length === 0) {
    const answer = await withDeadline(
      engine.execute(requestFor(work, work.query, cancellation)),
      work.timeoutMs,
      cancellation,
    );
    note('engine');
    return answer && { answer, late: [], timings };
  }
  const way = slow.has(work.late)
    ? executeApart(engine, work, cancellation, note)
    : executeJoined(engine, work, cancellation, note);
  const done = await withDeadline(way, work.timeoutMs, cancellation);
  return done && { ...done, timings };
}

type Done = Omit<Execution, 'timings'>;
type Note = (name: string) => void;

/** Everything by one plan, until the shortest time is up. */
async function executeJoined(engine: Engine, work: Work, cancellation: Cancellation, note: Note): Promise<Done> {
  const joined = new Cancellation();
  const apart = new Cancellation();
  const onAbort = () => {
    joined.abort();
    apart.abort();
  };
  cancellation.addEventListener('abort', onAbort);
  let timer: NodeJS.Timeout | undefined;
  const whole = engine.execute(requestFor(work, work.whole, joined)).then((answer): Done => {
    note('engine');
    return { answer, late: [] };
  });
  const without = new Promise<Done>((resolve, reject) => {
    timer = setTimeout(
      () => {
        executeApart(engine, work, apart, note, true).then((done) => {
          slow.add(work.late);
          resolve(done);
        }, reject);
      },
      Math.min(...work.late.map(({ timeoutMs }) => timeoutMs)),
    );
  });
  try {
    return await Promise.race([whole, without]);
  } finally {
    clearTimeout(timer);
    cancellation.removeEventListener('abort', onAbort);
    // of the two, the one that is not needed
    onAbort();
  }
}

/** How much longer than the rest sections may take that have had their time already: a part of it. */
const GRACE = 0.25;

/** The rest as one operation, and each section with a time of its own as another. */
async function executeApart(
  engine: Engine,
  work: Work,
  cancellation: Cancellation,
  note: Note,
  hurried = false,
): Promise<Done> {
  const main = engine.execute(requestFor(work, work.query, cancellation)).finally(() => note('engine'));
  const sections = work.late.map(async (operation) => {
    const timeoutMs = hurried ? operation.timeoutMs * GRACE : operation.timeoutMs;
    const answer = await executeLate(engine, work, { ...operation, timeoutMs }, cancellation);
    note(operation.path.join('.'));
    return { operation, answer };
  });
  const [answer, late] = await Promise.all([main, Promise.all(sections)]);
  if (!hurried && late.every((one) => one.answer !== undefined)) slow.delete(work.late);
  return { answer, late };
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
