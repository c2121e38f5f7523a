import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import {
  connect,
  type NatsConnection,
  type NodeConnectionOptions,
  PermissionViolationError,
} from '@nats-io/transport-node';
import type { NatsSettings } from '../../config/sections/events.ts';
import type { CurrentTls } from '../http/subgraph-tls.ts';
import {
  type Broker,
  type BrokerFailure,
  type BrokerMessage,
  CONNECTION_LOST,
  NOT_CONNECTED,
  NotSentError,
  type Replay,
  type Stop,
  type TopicListener,
  type TopicReader,
} from './broker.ts';
import { followStream, replayStream, type StreamClient, StreamCursors } from './jetstream.ts';
import type { CurrentCredentials } from './nats-credentials.ts';
import { natsFailure, publishFailure, reasonOf } from './nats-reason.ts';

export interface NatsOptions {
  readonly settings: NatsSettings;
  readonly credentials: CurrentCredentials;
  readonly tls: CurrentTls | undefined;
  /** @param isConnected whether there is a connection now */
  readonly onChange: (isConnected: boolean, reason: string | undefined) => void;
}

/** A message that is being sent. */
interface Message {
  readonly topic: string;
  error: Error | undefined;
}

const RECONNECT_MS = 250;
const CONNECT_TIMEOUT_MS = 5_000;
const PING_MS = 10_000;

/** Connects to NATS, now or as soon as it is there. */
export class NatsBroker implements Broker {
  readonly hasWildcards = true;
  readonly replay: Replay | undefined;
  readonly #options: NatsOptions;
  readonly #following = new Set<() => void>();
  readonly #sending = new Set<Message>();
  #connection: NatsConnection | undefined;
  #stream: StreamClient | undefined;
  #isClosed = false;

  constructor(options: NatsOptions) {
    this.#options = options;
    if (options.settings.jetstream) {
      const { isCursor, compare } = StreamCursors;
      const read: Replay['read'] = (topic, after, reader) =>
        this.#start(reader, (stream, _, fail) => {
          const message: TopicReader['message'] = (one) => reader.message(one);
          const caughtUp: TopicReader['caughtUp'] = (cursor) => reader.caughtUp(cursor);
          return stream && replayStream(stream, topic, after, { message, caughtUp, fail });
        });
      this.replay = { isCursor, compare, read };
    }
    void this.#connect();
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  follow(topic: string, after: string | undefined, listener: TopicListener): Stop {
    return this.#start(listener, (stream, connection, fail) => {
      const begin: TopicListener['begin'] = (cursor) => listener.begin(cursor);
      const following = { begin, message: (one: BrokerMessage) => listener.message(one), fail };
      if (stream) return followStream(stream, topic, after, following);
      return followSubject(connection, topic, following, (error) => natsFailure(error, this.#options.settings));
    });
  }

  async publish(topic: string, text: string): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) throw new NotSentError(NOT_CONNECTED, undefined);
    try {
      if (this.#stream) await this.#stream.client.publish(topic, text);
      else await this.#publish(connection, topic, text);
    } catch (error) {
      throw new NotSentError(publishFailure(error, this.#options.settings), error);
    }
  }

  /** Sends a message, and waits until the server has read it: it reports what it does not accept before it answers. */
  async #publish(connection: NatsConnection, topic: string, text: string): Promise<void> {
    const message: Message = { topic, error: undefined };
    this.#sending.add(message);
    try {
      connection.publish(topic, text);
      await connection.flush();
      // its report arrives in the tasks of promises
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      this.#sending.delete(message);
    }
    if (message.error !== undefined) throw message.error;
  }

  /** Finds the messages that the server does not accept. */
  async #readReports(connection: NatsConnection): Promise<void> {
    for await (const report of connection.status()) {
      if (report.type !== 'error' || !(report.error instanceof PermissionViolationError)) continue;
      const { error } = report;
      if (error.operation !== 'publish') continue;
      for (const message of this.#sending) if (message.topic === error.subject) message.error = error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#connection?.close();
  }

  /** Starts something that ends with the connection. */
  #start(
    listener: Pick<TopicListener, 'fail'>,
    start: (
      stream: StreamClient | undefined,
      connection: NatsConnection,
      fail: TopicListener['fail'],
    ) => Stop | undefined,
  ): Stop {
    const connection = this.#connection;
    if (connection === undefined) return failLater(listener);
    let stop: Stop | undefined;
    const lose = () => fail(CONNECTION_LOST);
    const fail: TopicListener['fail'] = (failure) => {
      if (!this.#following.has(lose)) return;
      end();
      listener.fail(failure);
    };
    const end = () => {
      if (this.#following.delete(lose)) stop?.();
    };
    this.#following.add(lose);
    stop = start(this.#stream, connection, fail);
    return end;
  }

  async #connect(): Promise<void> {
    while (!this.#isClosed) {
      try {
        const connection = await connect(this.#connectionOptions());
        if (this.#isClosed) return await connection.close();
        await this.#opened(connection);
        await this.#watch(connection);
      } catch (error) {
        this.#lost(reasonOf(error));
      }
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS).unref());
    }
  }

  /** The connection is opened again here, and not by the client: what is followed ends with it, and is resumed. */
  #connectionOptions(): NodeConnectionOptions {
    const { settings, credentials, tls } = this.#options;
    const usesTls = tls !== undefined || settings.servers.some((url) => url.startsWith('tls:'));
    return {
      servers: settings.servers.map((url) => url.replace(/^(?:nats|tls):\/\//, '')),
      authenticator: credentials(),
      name: 'headgate',
      reconnect: false,
      timeout: CONNECT_TIMEOUT_MS,
      pingInterval: PING_MS,
      maxPingOut: 1,
      ...(usesTls && { tls: { ...tls?.() } }),
    };
  }

  async #opened(connection: NatsConnection): Promise<void> {
    const { jetstream: settings } = this.#options.settings;
    // the server is asked for the stream when a topic is followed
    this.#stream = settings && {
      client: jetstream(connection),
      manager: await jetstreamManager(connection, { checkAPI: false }),
      stream: settings.stream,
      settings: this.#options.settings,
    };
    this.#connection = connection;
    void this.#readReports(connection);
    this.#options.onChange(true, undefined);
  }

  async #watch(connection: NatsConnection): Promise<void> {
    const error = await connection.closed();
    if (this.#connection !== connection) return;
    this.#lost(error ? reasonOf(error) : 'connection closed');
  }

  #lost(reason: string): void {
    this.#connection = undefined;
    this.#stream = undefined;
    if (!this.#isClosed) this.#options.onChange(false, reason);
    for (const lose of [...this.#following]) lose();
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

function followSubject(
  connection: NatsConnection,
  topic: string,
  listener: TopicListener,
  failureOf: (error: unknown) => BrokerFailure,
): Stop {
  const subscription = connection.subscribe(topic, {
    callback: (error, message) => {
      if (error === null) return listener.message({ text: message.string() });
      // a lost connection is reported for all subscriptions
      if (connection.isClosed()) return;
      listener.fail({ ...failureOf(error), isTemporary: false, isUnsent: true });
    },
  });
  let isStopped = false;
  const begin = () => !isStopped && listener.begin(undefined);
  // the server knows of the subscription once it has answered; a lost connection is reported elsewhere
  connection.flush().then(begin, () => {});
  return () => {
    isStopped = true;
    if (!connection.isClosed()) subscription.unsubscribe();
  };
}
