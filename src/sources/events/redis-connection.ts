import type { Redis } from 'ioredis';
import { openSingleClient } from '../../store/open-client.ts';
import { withoutArgumentTexts } from '../../store/redis-reply.ts';
import type { CurrentTls } from '../http/subgraph-tls.ts';
import { type BrokerFailure, CONNECTION_LOST, NOT_CONNECTED, type Stop, type TopicListener } from './broker.ts';
import { tlsReason } from './tls-reason.ts';

const CONNECT_MS = 5_000;
const PING_MS = 5_000;

export interface RedisOptions {
  readonly url: string;
  readonly tls?: CurrentTls | undefined;
  /** How often a ping is sent, and how long an answer may take, in milliseconds. */
  readonly pingMs?: number | undefined;
  /** What is wrong with a server that is a node of a cluster; `undefined` where that is no matter. */
  readonly mistakeInCluster?: string | undefined;
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
  readonly #pings: NodeJS.Timeout;
  #isConnected = false;
  #reason: string | undefined;
  #refusal: BrokerFailure | undefined;

  /** @param onReady called whenever both connections are there */
  constructor(options: RedisOptions, onReady: () => void = () => {}) {
    this.#options = options;
    this.commands = openSingleClient(options.url, CONNECT_MS, options.tls);
    this.waiting = openSingleClient(options.url, CONNECT_MS, options.tls);
    const { pingMs = PING_MS } = options;
    this.#pings = setInterval(() => this.#ping(pingMs), pingMs).unref();
    for (const client of [this.commands, this.waiting]) {
      client.on('error', (error: Error) => {
        this.#reason = reasonOf(error);
      });
      client.on('ready', () => {
        void this.#ready(onReady);
      });
      client.on('close', () => this.#lost());
      void client.connect().catch(() => {});
    }
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  async #ready(onReady: () => void): Promise<void> {
    const { mistakeInCluster, onChange } = this.#options;
    const areReady = () => this.commands.status === 'ready' && this.waiting.status === 'ready';
    if (!areReady()) return;
    // a server may forbid the command
    const info = mistakeInCluster === undefined ? '' : await this.commands.info('server').catch(() => '');
    if (!areReady()) return;
    const isRefused = info.includes('redis_mode:cluster');
    this.#refusal = isRefused ? { reason: `${mistakeInCluster}`, isTemporary: false, isUnsent: true } : undefined;
    if (isRefused) return onChange(false, mistakeInCluster);
    this.#isConnected = true;
    onReady();
    onChange(true, undefined);
  }

  /** Ends connections whose other side is gone without a word: nothing would ever arrive on them. */
  #ping(ms: number): void {
    for (const client of [this.commands, this.waiting]) {
      if (client.status !== 'ready') continue;
      const { stream } = client;
      const timer = setTimeout(() => {
        this.#reason = 'no answer';
        stream.destroy();
      }, ms).unref();
      const answered = () => clearTimeout(timer);
      client.ping().then(answered, answered);
    }
  }

  /** Starts something that ends with the connections. Returns what ends it. */
  start(listener: Pick<TopicListener, 'fail'>, start: () => Stop): Stop {
    if (!this.#isConnected) return failLater(listener, this.#refusal ?? NOT_CONNECTED);
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
    clearInterval(this.#pings);
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

function failLater(listener: Pick<TopicListener, 'fail'>, failure: BrokerFailure): Stop {
  let isStopped = false;
  queueMicrotask(() => {
    if (!isStopped) listener.fail(failure);
  });
  return () => {
    isStopped = true;
  };
}

/** Returns why a topic ends, or why a message is not sent. */
export function redisFailure(error: unknown): BrokerFailure {
  const reason = reasonOf(error);
  if (reason === 'no connection') return { reason, isTemporary: true, isUnsent: false };
  const refusal = { isTemporary: false, isUnsent: true, detail: error instanceof Error ? error.message : undefined };
  if (reason.startsWith('NOPERM')) return { ...refusal, reason: 'no permission', key: 'redis.url' };
  if (reason.startsWith('WRONGTYPE'))
    return { ...refusal, reason: 'the key of the topic is no stream', key: 'redis.mode' };
  return { ...refusal, reason };
}

/** Returns the reason of an error in a few words, without addresses. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/^(?:WRONGPASS|NOAUTH)\b/.test(text)) return 'the credentials are not accepted';
  if (error instanceof Error && error.name === 'ReplyError') return withoutArgumentTexts(text);
  return tlsReason(error) ?? 'no connection';
}
