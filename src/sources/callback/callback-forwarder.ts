import { Deadline } from '../../shared/deadline.ts';
import type { Messages } from '../../store/messages.ts';
import type { Callback, CallbackStatus } from './callback.ts';

/** A process that does not answer in this time is not there any more, in milliseconds. */
const ANSWER_MS = 5_000;
/** The most callbacks that wait for an answer. */
const MOST_WAITING = 10_000;

/** A callback on its way to the process that it is for. */
interface Forwarded {
  /** The process that waits for the answer. */
  readonly from: string;
  readonly number: number;
  readonly callback: Callback;
}

interface Answer {
  readonly number: number;
  readonly status: CallbackStatus;
}

const callbacksTo = (process: string) => `callbacks ${process}`;
const answersTo = (process: string) => `callback answers ${process}`;

/** Passes callbacks on to the process that has the subscription, and brings its answers back. */
export class CallbackForwarder {
  readonly #self: string;
  readonly #messages: Messages;
  readonly #waiting = new Map<number, (status: CallbackStatus) => void>();
  #last = 0;

  /** @param take takes a callback for this process */
  constructor(self: string, messages: Messages, take: (callback: Callback) => CallbackStatus) {
    this.#self = self;
    this.#messages = messages;
    messages.subscribe(callbacksTo(self), (text) => {
      const { from, number, callback } = readMessage<Forwarded>(text);
      if (from === undefined || number === undefined || callback === undefined) return;
      messages.publish(answersTo(from), JSON.stringify({ number, status: take(callback) } satisfies Answer));
    });
    messages.subscribe(answersTo(self), (text) => {
      const { number, status } = readMessage<Answer>(text);
      if (number !== undefined && status !== undefined) this.#waiting.get(number)?.(status);
    });
  }

  /** Resolves with the answer of a process; with 404 where it is not there, and 503 where it cannot be asked now. */
  forward(process: string, callback: Callback): Promise<CallbackStatus> {
    if (!this.#messages.isConnected || this.#waiting.size >= MOST_WAITING) return Promise.resolve(503);
    this.#last += 1;
    const number = this.#last;
    return new Promise((resolve) => {
      const end = (status: CallbackStatus) => {
        deadline.cancel();
        this.#waiting.delete(number);
        resolve(status);
      };
      // its subscriptions are over; while Redis is unavailable, that is not known
      const expire = () => end(this.#messages.isConnected ? 404 : 503);
      const deadline = new Deadline(ANSWER_MS, { expire });
      this.#waiting.set(number, end);
      const forwarded: Forwarded = { from: this.#self, number, callback };
      this.#messages.publish(callbacksTo(process), JSON.stringify(forwarded));
    });
  }
}

/** Reads a message; one of another program has none of the members. */
function readMessage<T>(text: string): Partial<T> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<T>;
  } catch {
    return {};
  }
}
