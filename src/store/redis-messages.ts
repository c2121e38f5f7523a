import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { RedisSettings } from '../config/sections/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Message, MessageListeners, type Messages } from './messages.ts';
import type { SharedRedis } from './redis.ts';

/** A message on its way. */
interface Envelope extends Message {
  readonly from: string;
}

const CONNECT_MS = 1_000;

/**
 * Opens the messages of all processes that use one Redis, over its publish and subscribe. They are sent on the connection of commands;
 * a connection of its own receives them, as Redis asks for. It subscribes again whenever the connection was lost.
 */
export async function redisMessages(settings: RedisSettings, redis: SharedRedis, logger: Logger): Promise<Messages> {
  const { openClient } = await import('./open-client.ts');
  return new RedisMessages(openClient(settings, CONNECT_MS), redis, logger);
}

class RedisMessages implements Messages {
  readonly #client: Redis | Cluster;
  readonly #redis: SharedRedis;
  readonly #listeners = new MessageListeners();
  readonly #self = randomUUID();
  readonly #channel: string;
  isConnected = false;

  constructor(client: Redis | Cluster, redis: SharedRedis, logger: Logger) {
    this.#client = client;
    this.#redis = redis;
    this.#channel = `${redis.prefix}:messages`;
    client.on('error', (error: Error) => logger.debug({ reason: error.message }, 'Redis connection for messages'));
    client.on('ready', () => void this.#subscribe());
    client.on('close', () => this.#lose());
    client.on('message', (_channel: string, text: string) => this.#receive(text));
    void client.connect().catch(() => {});
  }

  publish(topic: string, text: string): void {
    const envelope: Envelope = { from: this.#self, topic, text };
    // while Redis is unavailable, the receivers know that they may have missed something
    this.#redis.run((client) => client.publish(this.#channel, JSON.stringify(envelope))).catch(() => {});
  }

  subscribe(topic: string, listener: (text: string) => void): void {
    this.#listeners.add(topic, listener);
  }

  onGap(listener: () => void): void {
    this.#listeners.addForGaps(listener);
  }

  async close(): Promise<void> {
    this.#client.removeAllListeners('close');
    this.#client.disconnect();
  }

  async #subscribe(): Promise<void> {
    try {
      await this.#client.subscribe(this.#channel);
      // from now on nothing is missed; before, something may have been
      this.#listeners.reportGap();
      this.isConnected = true;
    } catch {
      // the connection was lost again: it comes back with another `ready`
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
