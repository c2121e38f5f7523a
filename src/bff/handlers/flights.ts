import type { ServerResponse } from 'node:http';
import { Cancellation } from '../../sources/cancellation.ts';

interface SharedExecution<T> {
  readonly cancellation: Cancellation;
  readonly result: Promise<T>;
  waiting: number;
}

/** Work under way, by key: whoever asks for the same meanwhile gets the same. Aborted when the last who waits has left. */
export class SharedExecutions<T> {
  readonly #sharedExecutions = new Map<string, SharedExecution<T>>();

  /**
   * @param key `undefined`: this work is shared with nobody
   * @param res who waits; without it the work is done even if nobody waits
   */
  join(
    key: string | undefined,
    res: ServerResponse | undefined,
    start: (cancellation: Cancellation) => Promise<T>,
  ): Promise<T> {
    const sharedExecution =
      (key === undefined ? undefined : this.#sharedExecutions.get(key)) ?? this.#start(key, start);
    sharedExecution.waiting++;
    if (res !== undefined) this.#leaveOnClose(key, sharedExecution, res);
    return sharedExecution.result;
  }

  has(key: string): boolean {
    return this.#sharedExecutions.has(key);
  }

  #start(key: string | undefined, start: (cancellation: Cancellation) => Promise<T>): SharedExecution<T> {
    const cancellation = new Cancellation();
    const sharedExecution: SharedExecution<T> = { cancellation, result: start(cancellation), waiting: 0 };
    if (key === undefined) return sharedExecution;
    this.#sharedExecutions.set(key, sharedExecution);
    const finish = () => this.#finish(key, sharedExecution);
    sharedExecution.result.then(finish, finish);
    return sharedExecution;
  }

  #leaveOnClose(key: string | undefined, sharedExecution: SharedExecution<T>, res: ServerResponse): void {
    res.once('close', () => {
      if (res.writableFinished || --sharedExecution.waiting > 0) return;
      if (key !== undefined) this.#finish(key, sharedExecution);
      sharedExecution.cancellation.abort();
    });
  }

  #finish(key: string, sharedExecution: SharedExecution<T>): void {
    if (this.#sharedExecutions.get(key) === sharedExecution) this.#sharedExecutions.delete(key);
  }
}
