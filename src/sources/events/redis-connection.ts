import type { Redis } from 'ioredis';
import { openSingleClient } from '../../store/open-client.ts';
import { type BrokerFailure, CONNECTION_LOST, NOT_CONNECTED, type Stop, type TopicListener } from './broker.ts';

const CONNECT_MS = 5_000;

export interface RedisOptions {
  readonly url: string;
  /** @param isConnected whether there are connections now */
  readonly onChange: (isConnected: boolean, reason: string | undefined) => void;
}

/**
 * Two connections to Redis: one for commands, one that only waits for messages. Both are opened again whenever they are lost; what is
 * followed then ends.
 */
export class RedisConnection {
  readonly commands: Redis;
  readonly waiting: Redis;
  readonly #options: RedisOptions;
  readonly #following = new Set<Pick<TopicListener, 'fail'>>();
  #isConnected = false;
  #reason: string | undefined;

  /** @param onReady called whenever both connections are there */
  constructor(options: RedisOptions, onReady: () => void = () => {}) {
    this.#options = options;
    this.commands = openSingleClient(options.url, CONNECT_MS);
    this.waiting = openSingleClient(options.url, CONNECT_MS);
    for (const client of [this.commands, this.waiting]) {
      client.on('error', (error: Error) => {
        this.#reason = reasonOf(error);
      });
      client.on('ready', () => {
        if (this.commands.status !== 'ready' || this.waiting.status !== 'ready') return;
        this.#isConnected = true;
        onReady();
        options.onChange(true, undefined);
      });
      client.on('close', () => this.#lost());
      void client.connect().catch(() => {});
    }
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Starts something that ends with the connections. Returns what ends it. */
  start(listener: Pick<TopicListener, 'fail'>, start: () => Stop): Stop {
    if (!this.#isConnected) return failLater(listener);
    this.#following.add(listener);
    const stop = start();
    return () => {
      this.#following.delete(listener);
      stop();
    };
  }

  /** Ends one thing that was started. */
  fail(listener: Pick<TopicListener, 'fail'>, failure: BrokerFailure): void {
    if (this.#following.delete(listener)) listener.fail(failure);
  }

  close(): void {
    for (const client of [this.commands, this.waiting]) {
      client.removeAllListeners('close');
      client.disconnect();
    }
  }

  #lost(): void {
    if (this.#isConnected || this.#reason !== undefined) this.#options.onChange(false, this.#reason);
    this.#reason = undefined;
    this.#isConnected = false;
    for (const listener of [...this.#following]) this.fail(listener, CONNECTION_LOST);
  }
}

function failLater(listener: Pick<TopicListener, 'fail'>): Stop {
  let isStopped = false;
  queueMicrotask(() => {
    if (!isStopped) listener.fail(NOT_CONNECTED);
  });
  return () => {
    isStopped = true;
  };
}

/** Returns the reason of an error in a few words, without addresses. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/^(?:WRONGPASS|NOAUTH)\b/.test(text)) return 'the credentials are not accepted';
  return error instanceof Error && error.name === 'ReplyError' ? text : 'no connection';
}
