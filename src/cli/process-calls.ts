import type { KeyRecord } from '../bff/idempotency/idempotency.ts';
import type { SupergraphLoaded, SupergraphUpdate } from '../composition/load-supergraph.ts';
import type { CanaryEnd } from '../composition/supergraph-provider.ts';
import type { AdminCommand, AdminReply, EndpointAction } from '../gateway/admin-commands.ts';
import type { Failures } from '../policy/authentication/failed-attempts.ts';
import type { LimitDecisions, LimitQuery } from '../policy/rate-limits/limiter.ts';
import { Deadline } from '../shared/deadline.ts';
import type { PathEvent } from '../shared/watch-path.ts';
import type { Message } from '../store/messages.ts';
import type { Snapshot } from '../telemetry/metrics.ts';
import type { UsageReport, UseCount } from '../usage/usage-report.ts';

/** The calls between the primary and its workers: arguments and results. */
export interface Calls {
  /** The metrics of one worker. */
  readonly snapshot: { readonly given: undefined; readonly back: Snapshot };
  /** Removes cached responses with one of these tags: in one worker, or, if sent to the primary, in all. */
  readonly purge: { readonly given: readonly string[]; readonly back: number };
  /** A command of the admin API, for one worker. */
  readonly control: { readonly given: AdminCommand; readonly back: AdminReply };
  /** The actions of the admin API that a new worker has to apply. */
  readonly getEndpointActions: { readonly given: undefined; readonly back: readonly EndpointAction[] };
  readonly claimKey: { readonly given: KeyEntry; readonly back: KnownKey };
  readonly getKey: { readonly given: string; readonly back: KnownKey };
  readonly finishKey: { readonly given: KeyEntry; readonly back: true };
  readonly releaseKey: { readonly given: string; readonly back: true };
  readonly countLimits: { readonly given: LimitQuery; readonly back: LimitDecisions };
  readonly getDocument: { readonly given: string; readonly back: { readonly query: string | undefined } };
  readonly setDocument: { readonly given: { readonly hash: string; readonly query: string }; readonly back: true };
  readonly addUsage: { readonly given: readonly UseCount[]; readonly back: true };
  readonly readUsage: { readonly given: undefined; readonly back: UsageReport };
  readonly addFailure: {
    readonly given: { readonly scope: string; readonly group: string; readonly windowMs: number };
    readonly back: Failures;
  };
  /** The current supergraph, or the problems without a good one. */
  readonly getSupergraph: { readonly given: undefined; readonly back: CurrentSupergraph };
  /**
   * The primary has loaded the supergraph again, a canary ends, or something happened to the file or folder; sent to all workers. The
   * result says whether a worker has ended its canary.
   */
  readonly schemaChanged: { readonly given: SchemaChange; readonly back: boolean };
  /** A worker cannot serve a supergraph, and keeps the one before. `id` is its digest. */
  readonly schemaRefused: { readonly given: { readonly id: string }; readonly back: true };
  /** A worker has rolled back its canary; the primary sends that to all workers. */
  readonly canaryRolledBack: { readonly given: { readonly id: string; readonly reason: string }; readonly back: true };
  /** A message of one worker; the primary sends it to all others. */
  readonly message: { readonly given: Message; readonly back: true };
  /** One worker has counted a failure; the primary sends the sum to all workers. */
  readonly failuresChanged: {
    readonly given: { readonly scope: string; readonly group: string; readonly sum: Failures };
    readonly back: true;
  };
}

/** The supergraph that serves all clients, and the one that serves a share of them. */
export type CurrentSupergraph = SupergraphLoaded & { readonly canary?: SupergraphUpdate | undefined };

/** A change of the schema that workers must know of. */
export type SchemaChange =
  | SupergraphLoaded
  | { readonly canaryEnd: CanaryEnd }
  | { readonly event: PathEvent; readonly path: string; readonly reason?: string | undefined };

/** An idempotency key, its state, and its time to live in milliseconds. */
interface KeyEntry {
  readonly key: string;
  readonly remembered: KeyRecord;
  readonly ms: number;
}

interface KnownKey {
  readonly known?: KeyRecord | undefined;
}

type Name = keyof Calls;
export type CallHandlers = { readonly [N in Name]?: (given: Calls[N]['given']) => Promise<Calls[N]['back']> };

/** The other end of a channel: `process` in a worker, the worker in the primary. */
interface Peer {
  send?(message: object, handle: undefined, options: undefined, sent: () => void): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

interface CallMessage {
  readonly call: Name;
  readonly id: number;
  readonly given: unknown;
}

interface ResultMessage {
  readonly resultOf: number;
  /** Missing if the call failed. */
  readonly back?: unknown;
}

let calls = 0;
const waiting = new WeakMap<Peer, Map<number, (back: unknown) => void>>();

/** Returns the pending calls to a process, by id. */
function waitingFor(peer: Peer): Map<number, (back: unknown) => void> {
  let known = waiting.get(peer);
  if (known === undefined) {
    const created = new Map<number, (back: unknown) => void>();
    peer.on('message', (message) => {
      if (isResultMessage(message)) created.get(message.resultOf)?.(message.back);
    });
    waiting.set(peer, created);
    known = created;
  }
  return known;
}

/** Ignores errors: the end of the other process is handled elsewhere. */
function send(peer: Peer, message: CallMessage | ResultMessage): void {
  peer.send?.(message, undefined, undefined, () => {});
}

/** Calls the other process. Resolves with `undefined` without a response within `timeoutMs`. */
export function callPeer<N extends Name>(
  peer: Peer,
  call: N,
  given: Calls[N]['given'],
  timeoutMs: number,
): Promise<Calls[N]['back'] | undefined> {
  const id = ++calls;
  const others = waitingFor(peer);
  return new Promise((resolve) => {
    const end = (back: unknown) => {
      deadline.cancel();
      others.delete(id);
      resolve(back as Calls[N]['back'] | undefined);
    };
    const deadline = new Deadline(timeoutMs, { expire: () => end(undefined) });
    others.set(id, end);
    send(peer, { call, id, given });
  });
}

/** Handles the calls of the other process. */
export function handleCalls(peer: Peer, answers: CallHandlers): void {
  peer.on('message', (message) => {
    if (!isCallMessage(message)) return;
    const { call, id, given } = message;
    const respond = answers[call] as ((given: unknown) => Promise<unknown>) | undefined;
    const respondWith = (back?: unknown) => send(peer, { resultOf: id, back });
    Promise.resolve(respond?.(given)).then(respondWith, () => respondWith());
  });
}

function isResultMessage(message: unknown): message is ResultMessage {
  return typeof message === 'object' && message !== null && 'resultOf' in message;
}

function isCallMessage(message: unknown): message is CallMessage {
  return typeof message === 'object' && message !== null && 'call' in message && 'id' in message;
}
