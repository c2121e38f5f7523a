import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import type { NatsSettings } from '../../config/sections/events.ts';
import { readRegularFileSync } from '../../shared/read-regular-file.ts';
import type { CurrentTls } from '../http/subgraph-tls.ts';
import { type Broker, CONNECTION_LOST, NOT_CONNECTED, type Replay, type Stop, type TopicListener } from './broker.ts';
import { followStream, replayStream, type StreamClient, StreamCursors } from './jetstream.ts';
import { reasonOf } from './nats-reason.ts';

export interface NatsOptions {
  readonly settings: NatsSettings;
  readonly tls: CurrentTls | undefined;
  /** @param isConnected whether there is a connection now */
  readonly onChange: (isConnected: boolean, reason: string | undefined) => void;
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
  #connection: NatsConnection | undefined;
  #stream: StreamClient | undefined;
  #isClosed = false;

  constructor(options: NatsOptions) {
    this.#options = options;
    if (options.settings.jetstream) {
      const { isCursor, compare } = StreamCursors;
      const read: Replay['read'] = (topic, after, reader) =>
        this.#start(reader, (stream) => stream && replayStream(stream, topic, after, reader));
      this.replay = { isCursor, compare, read };
    }
    void this.#connect();
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  follow(topic: string, after: string | undefined, listener: TopicListener): Stop {
    return this.#start(listener, (stream, connection) =>
      stream ? followStream(stream, topic, after, listener) : followSubject(connection, topic, listener),
    );
  }

  async publish(topic: string, text: string): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) throw new Error(NOT_CONNECTED.reason);
    try {
      if (this.#stream) await this.#stream.client.publish(topic, text);
      else {
        connection.publish(topic, text);
        await connection.flush();
      }
    } catch (error) {
      throw new Error(reasonOf(error), { cause: error });
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#connection?.close();
  }

  /** Starts something that ends with the connection. */
  #start(
    listener: Pick<TopicListener, 'fail'>,
    start: (stream: StreamClient | undefined, connection: NatsConnection) => Stop | undefined,
  ): Stop {
    const connection = this.#connection;
    if (connection === undefined) return failLater(listener);
    const stop = start(this.#stream, connection);
    const lose = () => {
      end();
      listener.fail(CONNECTION_LOST);
    };
    const end = () => {
      this.#following.delete(lose);
      stop?.();
    };
    this.#following.add(lose);
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
    const { settings, tls } = this.#options;
    const usesTls = tls !== undefined || settings.servers.some((url) => url.startsWith('tls:'));
    return {
      servers: settings.servers.map((url) => url.replace(/^(?:nats|tls):\/\//, '')),
      authenticator: authenticatorOf(settings),
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
    };
    this.#connection = connection;
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

function followSubject(connection: NatsConnection, topic: string, listener: TopicListener): Stop {
  const subscription = connection.subscribe(topic, {
    callback: (error, message) => {
      if (error === null) return listener.message({ text: message.string() });
      // a lost connection is reported for all subscriptions
      if (connection.isClosed()) return;
      subscription.unsubscribe();
      listener.fail({ reason: reasonOf(error), isTemporary: false, isUnsent: true });
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

function authenticatorOf(settings: NatsSettings): Authenticator[] {
  const { servers, user, password, token, nkey_seed, credentials_file } = settings;
  if (user !== undefined) return [usernamePasswordAuthenticator(user, password)];
  if (token !== undefined) return [tokenAuthenticator(token)];
  if (nkey_seed !== undefined) return [nkeyAuthenticator(new TextEncoder().encode(nkey_seed))];
  // read again for each connection, since it may have been renewed
  if (credentials_file !== undefined)
    return [credsAuthenticator(new TextEncoder().encode(readRegularFileSync(credentials_file)))];
  const { username, password: inUrl } = new URL(servers[0] ?? 'nats://localhost');
  if (username === '') return [];
  const name = decodeURIComponent(username);
  return [inUrl === '' ? tokenAuthenticator(name) : usernamePasswordAuthenticator(name, decodeURIComponent(inUrl))];
}
