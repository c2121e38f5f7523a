import type { ServerResponse } from 'node:http';
import type { ClientInfo } from '../../client/identity.ts';
import type { RequestRecord } from '../../shared/request-record.ts';
import { AbortableSingleFlight, type AbortableWork } from '../../shared/single-flight.ts';
import type { RequestTrace } from '../../shared/trace.ts';
import { Cancellation } from '../../sources/cancellation.ts';

interface SharedExecution<T> extends AbortableWork {
  readonly result: Promise<T>;
  /** The request that it was started for. */
  readonly leader: Sharer | undefined;
  readonly startedAt: number;
}

/**
 * A request that may share the execution of another: its record and its trace then refer to that one, and its plugins get what those of that
 * one have stored.
 */
export interface Sharer {
  readonly record: RequestRecord | undefined;
  readonly plugins: ClientInfo['plugins'];
  /** Where traces are on. */
  readonly trace: RequestTrace | undefined;
}

/**
 * Executions in flight by key. Requests with the same key share one execution. It is aborted when all of their clients have
 * disconnected.
 */
export class SharedExecutions<T> {
  readonly #underWay = new AbortableSingleFlight<SharedExecution<T>>();

  /**
   * Joins the execution with this key, or starts one.
   * @param key `undefined`: the execution is not shared
   * @param res response of the waiting client; without it, the execution runs to its end
   * @param sharer the waiting request
   * @param timeoutMs the timeout of executions: one that has used up half of it is not joined, since its end would be too early
   */
  join(
    key: string | undefined,
    res: ServerResponse | undefined,
    start: (cancellation: Cancellation) => Promise<T>,
    sharer?: Sharer,
    timeoutMs = Number.POSITIVE_INFINITY,
  ): Promise<T> {
    const now = performance.now();
    const begin = () => {
      const cancellation = new Cancellation();
      return { result: start(cancellation), leader: sharer, startedAt: now, abort: () => cancellation.abort() };
    };
    const flight = this.#underWay.join(key, begin, ({ startedAt }) => now - startedAt <= timeoutMs / 2);
    res?.once('close', () => {
      if (!res.writableFinished) flight.leave();
    });
    const { result, leader } = flight.work;
    if (sharer === undefined || leader === undefined || leader === sharer) return result;
    sharer.record?.join(leader.record);
    sharer.trace?.join(leader.trace);
    return leader.plugins && sharer.plugins ? adopting(result, leader.plugins, sharer.plugins) : result;
  }

  has(key: string): boolean {
    return this.#underWay.has(key);
  }
}

type Plugins = NonNullable<ClientInfo['plugins']>;

async function adopting<T>(pending: Promise<T>, of: Plugins, own: Plugins): Promise<T> {
  const result = await pending;
  own.adopt(of);
  return result;
}
