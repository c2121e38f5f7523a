import { setTimeout as delay } from 'node:timers/promises';
import {
  type Broker,
  type BrokerMessage,
  NotSentError,
  type Replay,
  type Stop,
  type TopicListener,
  type TopicReader,
} from './broker.ts';
import { RedisConnection, type RedisOptions, redisFailure } from './redis-connection.ts';

/** The field of an entry that has the message. */
const FIELD = 'data';
/** The most entries of one read. */
const BATCH = 100;
/** How long a read waits for entries, in milliseconds. A new topic ends the wait. */
const BLOCK_MS = 1_000;
/** How long a reader waits that has read everything and cannot join others yet, in milliseconds. */
const PAUSE_MS = 20;

const CURSOR = /^\d{1,20}-\d{1,20}$/;
const BEGIN = '0-0';

/** `[id, [field, value, …]]` */
type Entry = readonly [id: string, fields: readonly string[]];

interface Followed {
  readonly listener: TopicListener;
  /** `undefined` until it is known from where the stream is read. */
  position: string | undefined;
  mayHaveMissed: boolean;
}

/** Streams of Redis. Topics are their keys, and cursors the ids of entries. All topics are read together, on one connection. */
export class RedisStreams implements Broker {
  readonly hasWildcards = false;
  readonly replay: Replay = {
    isCursor: (text) => CURSOR.test(text),
    compare,
    read: (topic, after, reader) => this.#read(topic, after, reader),
  };
  readonly #connection: RedisConnection;
  readonly #maxLength: number | undefined;
  readonly #followed = new Map<string, Followed>();
  /** The id of the connection that waits, while it reads. */
  #waitingId: number | undefined;
  #isReading = false;

  constructor(options: RedisOptions, maxLength: number | undefined) {
    this.#maxLength = maxLength;
    this.#connection = new RedisConnection(options);
  }

  get isConnected(): boolean {
    return this.#connection.isConnected;
  }

  follow(topic: string, after: string | undefined, listener: TopicListener): Stop {
    return this.#connection.start(listener, () => {
      const followed: Followed = { listener, position: undefined, mayHaveMissed: false };
      this.#followed.set(topic, followed);
      this.#begin(topic, after, followed).catch((error: unknown) => this.#refused(topic, followed, error));
      return () => {
        if (this.#followed.get(topic) === followed) this.#followed.delete(topic);
      };
    });
  }

  async publish(topic: string, text: string): Promise<void> {
    const limit = this.#maxLength === undefined ? [] : ['MAXLEN', '~', String(this.#maxLength)];
    try {
      await this.#connection.commands.call('XADD', topic, ...limit, '*', FIELD, text);
    } catch (error) {
      throw new NotSentError(redisFailure(error), error);
    }
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  async #begin(topic: string, after: string | undefined, followed: Followed): Promise<void> {
    const { begin, mayHaveMissed } = await this.#place(topic, after);
    if (this.#followed.get(topic) !== followed) return;
    followed.position = begin;
    followed.mayHaveMissed = mayHaveMissed;
    followed.listener.begin(begin);
    if (!this.#isReading) void this.#readAll();
    // the read that waits does not know of the topic
    else if (this.#waitingId !== undefined)
      this.#connection.commands.call('CLIENT', 'UNBLOCK', String(this.#waitingId)).catch(() => {});
  }

  /** Returns from where a stream is read, and whether entries before that may be missing. */
  async #place(topic: string, after: string | undefined) {
    const { last, first, hasTrimmed } = await this.#stateOf(topic);
    if (after === undefined) return { begin: last, mayHaveMissed: false };
    // a stream that was made anew may have lower ids
    if (compare(after, last) > 0) return { begin: last, mayHaveMissed: true };
    return { begin: after, mayHaveMissed: hasTrimmed && (first === undefined || compare(after, first) < 0) };
  }

  async #stateOf(topic: string) {
    let info: ReadonlyMap<string, unknown>;
    try {
      info = asMap(await this.#connection.commands.call('XINFO', 'STREAM', topic));
    } catch (error) {
      if (!(error instanceof Error && /no such key/.test(error.message))) throw error;
      return { last: BEGIN, first: undefined, hasTrimmed: false };
    }
    const first = info.get('first-entry') as Entry | null | undefined;
    // before Redis 7 the number of all entries is not known
    const hasTrimmed = info.get('entries-added') !== info.get('length');
    return { last: String(info.get('last-generated-id')), first: first?.[0], hasTrimmed };
  }

  /** Reads all followed topics, while there are any. */
  async #readAll(): Promise<void> {
    this.#isReading = true;
    const { waiting } = this.#connection;
    try {
      const id = Number(await waiting.call('CLIENT', 'ID'));
      for (;;) {
        const topics = [...this.#followed].filter(([, { position }]) => position !== undefined);
        if (topics.length === 0) break;
        const keys = topics.map(([topic]) => topic);
        const positions = topics.map(([, { position }]) => String(position));
        this.#waitingId = id;
        const options = ['COUNT', String(BATCH), 'BLOCK', String(BLOCK_MS)];
        const reply = await waiting.call('XREAD', ...options, 'STREAMS', ...keys, ...positions);
        this.#waitingId = undefined;
        const entries = asMap(reply);
        for (const [topic, followed] of topics) this.#deliver(topic, followed, entries.get(topic) as readonly Entry[]);
      }
    } catch (error) {
      for (const [topic, followed] of [...this.#followed]) this.#refused(topic, followed, error);
    } finally {
      this.#waitingId = undefined;
      this.#isReading = false;
    }
  }

  #deliver(topic: string, followed: Followed, entries: readonly Entry[] = []): void {
    for (const entry of entries) {
      if (this.#followed.get(topic) !== followed) return;
      [followed.position] = entry;
      const message = asMessage(entry, followed.mayHaveMissed);
      followed.mayHaveMissed = false;
      followed.listener.message(message);
    }
  }

  #refused(topic: string, followed: Followed, error: unknown): void {
    if (this.#followed.get(topic) !== followed) return;
    this.#followed.delete(topic);
    this.#connection.fail(followed.listener, redisFailure(error));
  }

  #read(topic: string, after: string, reader: TopicReader): Stop {
    let isStopped = false;
    return this.#connection.start(reader, () => {
      this.#readStored(topic, after, reader, () => isStopped).catch((error: unknown) => {
        this.#connection.fail(reader, redisFailure(error));
      });
      return () => {
        isStopped = true;
      };
    });
  }

  async #readStored(topic: string, after: string, reader: TopicReader, isStopped: () => boolean): Promise<void> {
    let { begin: position, mayHaveMissed } = await this.#place(topic, after);
    while (!isStopped() && this.isConnected) {
      const range = [`(${position}`, '+', 'COUNT', String(BATCH)];
      const entries = (await this.#connection.commands.call('XRANGE', topic, ...range)) as readonly Entry[];
      for (const entry of entries) {
        if (isStopped()) return;
        await reader.message(asMessage(entry, mayHaveMissed));
        mayHaveMissed = false;
        [position] = entry;
      }
      if (entries.length > 0) continue;
      if (!isStopped() && !mayHaveMissed) reader.caughtUp(position);
      if (!isStopped()) await delay(PAUSE_MS, undefined, { ref: false });
    }
  }
}

function asMessage([id, fields]: Entry, mayHaveMissed: boolean): BrokerMessage {
  const at = fields.findIndex((name, index) => index % 2 === 0 && name === FIELD);
  if (at === -1) return { text: '', cursor: id, mayHaveMissed, mistake: `the entry has no field "${FIELD}"` };
  return { text: String(fields[at + 1]), cursor: id, mayHaveMissed };
}

/** Compares ids of entries: `MILLISECONDS-NUMBER`, each with up to 64 bits. */
function compare(a: string, b: string): number {
  const [timeA = 0n, numberA = 0n] = a.split('-').map(BigInt);
  const [timeB = 0n, numberB = 0n] = b.split('-').map(BigInt);
  if (timeA !== timeB) return timeA < timeB ? -1 : 1;
  return numberA === numberB ? 0 : numberA < numberB ? -1 : 1;
}

/** Returns a reply that has names and values: a map of RESP3 as the client gives it, or a list of RESP2. */
function asMap(reply: unknown): ReadonlyMap<string, unknown> {
  if (reply instanceof Map) return reply;
  if (Array.isArray(reply)) {
    const isOfPairs = reply.every((item) => Array.isArray(item) && item.length === 2);
    if (isOfPairs) return new Map(reply as [string, unknown][]);
    return new Map(
      reply.flatMap((item, index) => (index % 2 === 0 ? [[String(item), reply[index + 1]] as const] : [])),
    );
  }
  return new Map(Object.entries(reply ?? {}));
}
