import type { Dispatcher } from 'undici';

/** What counts of the response to a post. */
export interface PostResponse {
  readonly status: number;
  /** The header `Retry-After`. */
  readonly retryAfter: string | undefined;
}

const RETRY_AFTER = 'retry-after';

/** One post, as undici's handler. Settles exactly once: with the response, an error, or a `TimeoutError`. The body of the response is not kept. */
export class PostCall implements Dispatcher.DispatchHandler {
  readonly #resolve: (response: PostResponse) => void;
  readonly #reject: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #cancel: ((reason?: Error) => void) | undefined;
  #late: Error | undefined;
  #status = 0;
  #retryAfter: string | undefined;

  /** @param timeout in milliseconds */
  constructor(timeout: number, resolve: (response: PostResponse) => void, reject: (error: unknown) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(() => this.#expire(timeout), timeout);
    this.#timer.unref();
  }

  onConnect(cancel: (reason?: Error) => void): void {
    this.#cancel = cancel;
    // it has waited for the connection too long
    if (this.#late) cancel(this.#late);
  }

  onHeaders(status: number, headers: Buffer[]): boolean {
    this.#status = status;
    for (let i = 0; i + 1 < headers.length; i += 2)
      if (String(headers[i]).toLowerCase() === RETRY_AFTER) this.#retryAfter = String(headers[i + 1]);
    return true;
  }

  onData(): boolean {
    return true;
  }

  onComplete(): void {
    clearTimeout(this.#timer);
    this.#resolve({ status: this.#status, retryAfter: this.#retryAfter });
  }

  onError(error: Error): void {
    clearTimeout(this.#timer);
    this.#reject(this.#late ?? error);
  }

  #expire(timeout: number): void {
    this.#late = new DOMException(`no response within ${timeout} ms`, 'TimeoutError');
    this.#reject(this.#late);
    this.#cancel?.(this.#late);
  }
}
