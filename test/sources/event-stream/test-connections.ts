import type { Dispatcher } from 'undici';
import type { Connections } from '../../../src/sources/http/connections.ts';

/** The server's side of one call. */
export interface TestResponse {
  readonly options: Dispatcher.DispatchOptions;
  /** Whether the call was aborted. */
  readonly isAborted: boolean;
  headers(status: number, headers: Readonly<Record<string, string>>): void;
  /** Writes bytes. They wait while the call reads nothing. */
  write(bytes: string | Buffer): void;
  end(): void;
  fail(error: Error): void;
}

/** Connections whose calls a test answers, at once and in this process. */
export class TestConnections implements Connections {
  readonly calls: TestResponse[] = [];
  readonly fresh = { dispatch: this.dispatch.bind(this) };

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.calls.push(respondTo(options, handler));
    return true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function respondTo(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): TestResponse {
  let [isAborted, isPaused] = [false, false];
  const steps: (() => void)[] = [];
  const run = () => {
    while (!isPaused && !isAborted) {
      const step = steps.shift();
      if (step === undefined) return;
      step();
    }
  };
  const then = (step: () => void) => {
    steps.push(step);
    run();
  };
  handler.onConnect?.(() => {
    isAborted = true;
  });
  return {
    options,
    get isAborted() {
      return isAborted;
    },
    headers(status, headers) {
      const raw = Object.entries(headers).flatMap((pair) => pair.map((text) => Buffer.from(text)));
      const resume = () => {
        isPaused = false;
        run();
      };
      handler.onHeaders?.(status, raw, resume, '');
    },
    write: (bytes) =>
      then(() => {
        isPaused = handler.onData?.(Buffer.from(bytes)) === false;
      }),
    end: () => then(() => handler.onComplete?.([])),
    fail: (error) => then(() => handler.onError?.(error)),
  };
}
