import type { ServerResponse } from 'node:http';
import { Cancellation } from '../../sources/cancellation.ts';

/** An execution in flight, with the number of its waiting clients. */
interface SharedExecution<T> {
  readonly cancellation: Cancellation;
  readonly result: Promise<T>;
  waiting: number;
}

/**
 * Executions in flight by key. Requests with the same key share one execution. It is aborted when all of their clients have
 * disconnected.
 */
export class SharedExecutions<T> {
  readonly #sharedExecutions = new Map<string, SharedExecution<T>>();

  /**
   * Joins the execution with this key, or starts one.
   * @param key `undefined`: the execution is not shared
   * @param res response of the waiting client; without it, the execution runs to its end
   */
  join(
    key: string | undefined,
    res: ServerResponse | undefined,
    start: (cancellation: Cancellation) => Promise<T>,
  ): Promise<T> {
    const sharedExecution =
      (key === undefined ? undefined : this.#sharedExecutions.get(key)) ?? this.#start(key, start);
    sharedExecution.waiting++;
    if (res !== undefined) this.#abortWhenUnused(key, sharedExecution, res);
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

  #abortWhenUnused(key: string | undefined, sharedExecution: SharedExecution<T>, res: ServerResponse): void {
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
