import type { ServerResponse } from 'node:http';
import { AbortableSingleFlight, type AbortableWork } from '../../shared/single-flight.ts';
import type { RequestTrace } from '../../shared/trace.ts';
import { Cancellation } from '../../sources/cancellation.ts';

interface SharedExecution<T> extends AbortableWork {
  readonly result: Promise<T>;
  /** The trace of the request that began it. */
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
   * @param trace the trace of the waiting client
   * @param res response of the waiting client; without it, the execution runs to its end
   */
  join(
    key: string | undefined,
    res: ServerResponse | undefined,
    start: (cancellation: Cancellation) => Promise<T>,
    trace?: RequestTrace,
  ): Promise<T> {
    const flight = this.#underWay.join(key, () => {
      const cancellation = new Cancellation();
      return { result: start(cancellation), trace, abort: () => cancellation.abort() };
    });
    trace?.join(flight.work.trace);
    res?.once('close', () => {
      if (!res.writableFinished) flight.leave();
    });
    return flight.work.result;
  }

  has(key: string): boolean {
    return this.#underWay.has(key);
  }
}
