import type { KeyRecord } from '../bff/idempotency/idempotency.ts';
import type { Failures } from '../policy/authentication/failed-attempts.ts';
import type { LimitDecisions, LimitQuery } from '../policy/rate-limits/limiter.ts';
import { startBudget } from '../shared/response-budget.ts';
import type { Snapshot } from '../telemetry/metrics.ts';

/** What the primary and its workers ask each other for: what is given, and what comes back. */
export interface Calls {
  /** The metrics of one worker. */
  readonly snapshot: { readonly given: undefined; readonly back: Snapshot };
  /** Kept answers that bear one of these tags are forgotten: by one worker, or, where the primary is asked, by all. */
  readonly purge: { readonly given: readonly string[]; readonly back: number };
  readonly claimKey: { readonly given: KeyEntry; readonly back: KnownKey };
  readonly getKey: { readonly given: string; readonly back: KnownKey };
  readonly finishKey: { readonly given: KeyEntry; readonly back: true };
  readonly releaseKey: { readonly given: string; readonly back: true };
  readonly countLimits: { readonly given: LimitQuery; readonly back: LimitDecisions };
  readonly getDocument: { readonly given: string; readonly back: { readonly query: string | undefined } };
  readonly setDocument: { readonly given: { readonly hash: string; readonly query: string }; readonly back: true };
  readonly addFailure: {
    readonly given: { readonly scope: string; readonly group: string; readonly windowMs: number };
    readonly back: Failures;
  };
  /** One worker has counted a failure; the primary sends the sum to all. */
  readonly failuresChanged: {
    readonly given: { readonly scope: string; readonly group: string; readonly sum: Failures };
    readonly back: true;
  };
}

/** An idempotency key, what is known of it, and for how many milliseconds it holds. */
interface KeyEntry {
  readonly key: string;
  readonly remembered: KeyRecord;
  readonly ms: number;
}

interface KnownKey {
  readonly known?: KeyRecord | undefined;
}

type Name = keyof Calls;
export type Answers = { readonly [N in Name]?: (given: Calls[N]['given']) => Promise<Calls[N]['back']> };

/** The other end of a channel: `process` for a worker, the worker for the primary. */
interface Peer {
  send?(message: object, handle: undefined, options: undefined, sent: () => void): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

interface Question {
  readonly call: Name;
  readonly id: number;
  readonly given: unknown;
}

interface Answer {
  readonly answerTo: number;
  /** Missing where it went wrong. */
  readonly back?: unknown;
}

let calls = 0;
const waiting = new WeakMap<Peer, Map<number, (back: unknown) => void>>();

/** Who waits for answers of the other process, by the ids of their calls. */
function waitingFor(peer: Peer): Map<number, (back: unknown) => void> {
  let known = waiting.get(peer);
  if (known === undefined) {
    const made = new Map<number, (back: unknown) => void>();
    peer.on('message', (message) => {
      if (isResponseMessage(message)) made.get(message.answerTo)?.(message.back);
    });
    waiting.set(peer, made);
    known = made;
  }
  return known;
}

/** That the other process has ended is seen elsewhere. */
function send(peer: Peer, message: Question | Answer): void {
  peer.send?.(message, undefined, undefined, () => {});
}

/** Asks the other process. `undefined` where no answer comes within `timeoutMs`. */
export function ask<N extends Name>(
  peer: Peer,
  call: N,
  given: Calls[N]['given'],
  timeoutMs: number,
): Promise<Calls[N]['back'] | undefined> {
  const id = ++calls;
  const others = waitingFor(peer);
  return new Promise((resolve) => {
    const end = (back: unknown) => {
      cancel();
      others.delete(id);
      resolve(back as Calls[N]['back'] | undefined);
    };
    const cancel = startBudget(timeoutMs, () => end(undefined));
    others.set(id, end);
    send(peer, { call, id, given });
  });
}

/** Answers what the other process asks. */
export function answer(peer: Peer, answers: Answers): void {
  peer.on('message', (message) => {
    if (!isQuestion(message)) return;
    const { call, id, given } = message;
    const respond = answers[call] as ((given: unknown) => Promise<unknown>) | undefined;
    const tell = (back?: unknown) => send(peer, { answerTo: id, back });
    Promise.resolve(respond?.(given)).then(tell, () => tell());
  });
}

function isResponseMessage(message: unknown): message is Answer {
  return typeof message === 'object' && message !== null && 'answerTo' in message;
}

function isQuestion(message: unknown): message is Question {
  return typeof message === 'object' && message !== null && 'call' in message && 'id' in message;
}
