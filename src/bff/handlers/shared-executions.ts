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
   */
  join(
    key: string | undefined,
    res: ServerResponse | undefined,
    start: (cancellation: Cancellation) => Promise<T>,
    sharer?: Sharer,
  ): Promise<T> {
    const flight = this.#underWay.join(key, () => {
      const cancellation = new Cancellation();
      return { result: start(cancellation), leader: sharer, abort: () => cancellation.abort() };
    });
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
