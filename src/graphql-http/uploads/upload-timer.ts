import type { Writable } from 'node:stream';
import { Deadline } from '../../shared/deadline.ts';
import { GatewayError } from '../../shared/gateway-error.ts';

/** How long the body of a request with files may take to arrive, in milliseconds. */
export interface UploadTimes {
  /** How long nothing may arrive while it could. */
  readonly idleMs: number;
  /** From its first byte to its last one. */
  readonly wholeMs: number;
}

/** Ends a body that does not arrive in time. */
export class UploadTimer {
  readonly #times: UploadTimes;
  readonly #reader: Writable;
  readonly #fail: (error: GatewayError) => void;
  readonly #whole: Deadline;
  #idle: Deadline;
  #hasArrived = false;

  /**
   * @param reader what the body is written to. While it waits for a file to be read, the client cannot send
   * @param fail called with the error (408), at most once
   */
  constructor(times: UploadTimes, reader: Writable, fail: (error: GatewayError) => void) {
    this.#times = times;
    this.#reader = reader;
    this.#fail = fail;
    this.#whole = new Deadline(times.wholeMs, { expire: () => this.#expire(tooLong(times.wholeMs)) });
    this.#idle = this.#watch();
  }

  /** To be called when bytes arrive. */
  arrived(): void {
    this.#hasArrived = true;
  }

  /** Ends the wait. */
  stop(): void {
    this.#whole.cancel();
    this.#idle.cancel();
  }

  #watch(): Deadline {
    this.#hasArrived = false;
    const { idleMs } = this.#times;
    return new Deadline(idleMs, {
      expire: () => {
        if (this.#hasArrived || this.#reader.writableLength > 0) this.#idle = this.#watch();
        else this.#expire(idle(idleMs));
      },
    });
  }

  #expire(error: GatewayError): void {
    this.stop();
    this.#fail(error);
  }
}

function idle(ms: number): GatewayError {
  return late(`Nothing of the request body has arrived for ${ms} ms (file_upload.idle_timeout). Send it again.`);
}

function tooLong(ms: number): GatewayError {
  return late(`The request body has not arrived as a whole within ${ms} ms (file_upload.timeout). Send it faster.`);
}

/** The connection is closed: the rest of the body would have to be awaited before another request. */
function late(message: string): GatewayError {
  return new GatewayError(408, 'REQUEST_TIMEOUT', message, { headers: { connection: 'close' } });
}
