import type { ServerResponse } from 'node:http';
import { AbortableSingleFlight, type AbortableWork } from '../../shared/single-flight.ts';
import { Cancellation } from '../../sources/cancellation.ts';

interface SharedExecution<T> extends AbortableWork {
  readonly result: Promise<T>;
}

/** Executions under way, which identical requests share. Each is aborted when the last client that waits for it has left. */
export class SharedExecutions<T> {
  readonly #underWay = new AbortableSingleFlight<SharedExecution<T>>();

  /**
   * @param key `undefined`: this work is shared with nobody
   * @param res who waits; without it the work is done even if nobody waits
   */
  join(
    key: string | undefined,
    res: ServerResponse | undefined,
    start: (cancellation: Cancellation) => Promise<T>,
  ): Promise<T> {
    const flight = this.#underWay.join(key, () => {
      const cancellation = new Cancellation();
      return { result: start(cancellation), abort: () => cancellation.abort() };
    });
    res?.once('close', () => {
      if (!res.writableFinished) flight.leave();
    });
    return flight.work.result;
  }

  has(key: string): boolean {
    return this.#underWay.has(key);
  }
}
