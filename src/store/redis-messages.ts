import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { RedisSettings } from '../config/sections/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Message, MessageListeners, type Messages } from './messages.ts';
import type { SharedRedis } from './redis.ts';
import { withoutArgumentTexts } from './redis-reply.ts';

/** A message on its way. */
interface Envelope extends Message {
  readonly from: string;
}

const CONNECT_MS = 1_000;
const RESEND_MS = 200;

/** How often a message is sent at most: a node of a cluster may be gone, while others deliver messages. */
const MOST_TRIES = 3;

/**
 * Opens the messages of all processes that use one Redis, over its publish and subscribe. They are sent on the connection of commands;
 * a connection of its own receives them, as Redis asks for. It is opened again whenever it was lost. In a cluster, every node delivers
 * all messages; it is to one of those in the config, and then to the next one, since a client of the cluster says nothing of gaps.
 */
export async function redisMessages(settings: RedisSettings, redis: SharedRedis, logger: Logger): Promise<Messages> {
  const { openOneConnection, reconnectMs } = await import('./open-client.ts');
  const urls = settings.cluster ?? [settings.url ?? ''];
  const open = (attempt: number) => openOneConnection(urls[attempt % urls.length] as string, CONNECT_MS);
  return new RedisMessages(open, (attempt) => reconnectMs(Math.floor(attempt / urls.length)), redis, logger);
}

class RedisMessages implements Messages {
  readonly #open: (attempt: number) => Redis;
  readonly #delayMs: (attempt: number) => number;
  readonly #redis: SharedRedis;
  readonly #logger: Logger;
  readonly #listeners = new MessageListeners();
  readonly #self = randomUUID();
  readonly #channel: string;
  #attempt = 0;
  /** Attempts since the last connection. */
  #failed = 0;
  #client: Redis | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  isConnected = false;

  /** @param open opens a connection; each attempt may be to another node */
  constructor(
    open: (attempt: number) => Redis,
    delayMs: (attempt: number) => number,
    redis: SharedRedis,
    logger: Logger,
  ) {
    this.#open = open;
    this.#delayMs = delayMs;
    this.#redis = redis;
    this.#logger = logger;
    this.#channel = `${redis.prefix}:messages`;
    this.#connect();
  }

  #connect(): void {
    const client = this.#open(this.#attempt++);
    this.#client = client;
    client.on('error', (error: Error) =>
      this.#logger.debug({ reason: withoutArgumentTexts(error.message) }, 'Redis connection for messages'),
    );
    client.on('ready', () => void this.#subscribe(client));
    client.on('close', () => this.#lose());
    client.on('end', () => this.#connectLater());
    client.on('message', (_channel: string, text: string) => this.#receive(text));
    void client.connect().catch(() => {});
  }

  #connectLater(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.#connect(), this.#delayMs(this.#failed++)).unref();
  }

  publish(topic: string, text: string): void {
    const envelope: Envelope = { from: this.#self, topic, text };
    void this.#send(JSON.stringify(envelope), MOST_TRIES);
  }

  async #send(text: string, tries: number): Promise<void> {
    try {
      await this.#redis.run((client) => client.publish(this.#channel, text), this.#redis.requiredMs);
    } catch {
      // while Redis is unavailable, the receivers know that they may have missed something
      if (tries > 1) setTimeout(() => void this.#send(text, tries - 1), RESEND_MS).unref();
    }
  }

  subscribe(topic: string, listener: (text: string) => void): void {
    this.#listeners.add(topic, listener);
  }

  onGap(listener: () => void): void {
    this.#listeners.addForGaps(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#client?.removeAllListeners('close');
    this.#client?.disconnect();
  }

  async #subscribe(client: Redis): Promise<void> {
    try {
      await client.subscribe(this.#channel);
      this.#failed = 0;
      // from now on nothing is missed; before, something may have been
      this.#listeners.reportGap();
      this.isConnected = true;
    } catch {
      // without the right to subscribe, or without the connection: it is opened again
      client.disconnect();
    }
  }

  #lose(): void {
    this.isConnected = false;
    this.#listeners.reportGap();
  }

  #receive(text: string): void {
    const envelope = readEnvelope(text);
    if (envelope !== undefined && envelope.from !== this.#self) this.#listeners.deliver(envelope);
  }
}

/** Returns a message; `undefined` for what another program has sent to the channel. */
function readEnvelope(text: string): Envelope | undefined {
  try {
    const { from, topic, text: inner } = JSON.parse(text) as Partial<Envelope>;
    return typeof from === 'string' && typeof topic === 'string' && typeof inner === 'string'
      ? { from, topic, text: inner }
      : undefined;
  } catch {
    return undefined;
  }
}
