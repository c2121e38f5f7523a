import type { Logger } from '../logger.ts';
import type { BatchObserver } from './span-batches.ts';

/**
 * Logs that spans are lost: the first time, then once per interval with their number, and when they are sent again.
 * @param endpoint the URL of the collector, without credentials
 */
export class ExportLog implements BatchObserver {
  readonly #logger: Logger;
  readonly #endpoint: string;
  readonly #intervalMs: number;
  #lost = 0;
  #reason = '';
  #timer: NodeJS.Timeout | undefined;
  #isFailing = false;

  constructor(logger: Logger, endpoint: string, intervalMs: number) {
    this.#logger = logger;
    this.#endpoint = endpoint;
    this.#intervalMs = intervalMs;
  }

  readonly sent = (): void => {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.flush();
    this.#logger.info({ endpoint: this.#endpoint }, 'traces are sent again');
  };

  readonly failed = (reason: string, spans: number): void => {
    this.#isFailing = true;
    this.#record(reason, spans);
  };

  readonly dropped = (): void => this.#record('the queue is full', 1);

  /** Logs what is not logged yet. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lost > 0) this.#log();
  }

  #record(reason: string, spans: number): void {
    this.#lost += spans;
    this.#reason = reason;
    if (this.#timer !== undefined) return;
    this.#log();
    this.#timer = setTimeout(() => this.flush(), this.#intervalMs).unref();
  }

  #log(): void {
    const fields = { endpoint: this.#endpoint, reason: this.#reason, spans: this.#lost };
    this.#lost = 0;
    this.#logger.warn(fields, 'traces could not be sent; requests are served as usual');
  }
}
