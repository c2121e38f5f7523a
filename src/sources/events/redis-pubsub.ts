import { type Broker, NotSentError, type Stop, type TopicListener } from './broker.ts';
import { RedisConnection, type RedisOptions, redisFailure } from './redis-connection.ts';

/** Publish and subscribe of Redis. It stores nothing. Topics are channels. */
export class RedisPubSub implements Broker {
  readonly hasWildcards = false;
  readonly #connection: RedisConnection;
  readonly #channels = new Map<string, TopicListener>();

  constructor(options: RedisOptions) {
    this.#connection = new RedisConnection(options);
    this.#connection.waiting.on('message', (channel: string, text: string) =>
      this.#channels.get(channel)?.message({ text }),
    );
  }

  get isConnected(): boolean {
    return this.#connection.isConnected;
  }

  follow(topic: string, _after: string | undefined, listener: TopicListener): Stop {
    const { waiting } = this.#connection;
    return this.#connection.start(listener, () => {
      this.#channels.set(topic, listener);
      waiting.subscribe(topic).then(
        () => this.#channels.get(topic) === listener && listener.begin(undefined),
        (error: unknown) => this.#refused(topic, listener, error),
      );
      return () => {
        if (this.#channels.get(topic) !== listener) return;
        this.#channels.delete(topic);
        waiting.unsubscribe(topic).catch(() => {});
      };
    });
  }

  async publish(topic: string, text: string): Promise<void> {
    try {
      await this.#connection.commands.publish(topic, text);
    } catch (error) {
      throw new NotSentError(redisFailure(error), error);
    }
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  #refused(topic: string, listener: TopicListener, error: unknown): void {
    if (this.#channels.get(topic) !== listener) return;
    this.#channels.delete(topic);
    this.#connection.fail(listener, redisFailure(error));
  }
}
