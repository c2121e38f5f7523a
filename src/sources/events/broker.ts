/** A message of a broker. */
export interface BrokerMessage {
  readonly text: string;
  /** The topic can be read again after this message by it. Only where the broker stores messages. */
  readonly cursor?: string | undefined;
  /** Whether messages may be missing before it. */
  readonly mayHaveMissed?: boolean | undefined;
  /** Why it has no text, in a few words. */
  readonly mistake?: string | undefined;
}

/** Why the messages of a topic have ended. */
export interface BrokerFailure {
  /** In a few words, without addresses: clients may see it. */
  readonly reason: string;
  /** Whether the topic may be followed again later, as after a lost connection. */
  readonly isTemporary: boolean;
  /** Whether it never began. */
  readonly isUnsent: boolean;
  /** The key of the config that decides it, below `events.NAME`. */
  readonly key?: string | undefined;
  /** What the broker said, for the log only: it may have names of users and of other topics. */
  readonly detail?: string | undefined;
}

/** Thrown for a message that the broker did not accept. Clients may see its message. */
export class NotSentError extends Error {
  readonly failure: BrokerFailure;

  constructor(failure: BrokerFailure, cause: unknown) {
    super(failure.reason, { cause });
    this.failure = failure;
  }
}

/** Receives the messages of a topic as they arrive. */
export interface TopicListener {
  /** Called once, before the first message. @param cursor the messages are those after it; only where the broker stores them */
  begin(cursor: string | undefined): void;
  message(message: BrokerMessage): void;
  /** Called at most once; nothing is called afterwards. */
  fail(failure: BrokerFailure): void;
}

/** Receives stored messages of a topic. */
export interface TopicReader {
  /** Receives a message. The next one is read when the promise has settled. */
  message(message: BrokerMessage): Promise<void>;
  /** Called whenever there are no more messages at the moment. @param cursor everything up to it was read */
  caughtUp(cursor: string): void;
  fail(failure: BrokerFailure): void;
}

/** Ends what was started. Nothing is called afterwards. */
export type Stop = () => void;

/** What a broker that stores messages can do. */
export interface Replay {
  /** Returns whether a text is a cursor of this broker. */
  isCursor(text: string): boolean;
  /** Returns a number below, at or above zero: whether the first of two cursors is before, at or after the second. */
  compare(a: string, b: string): number;
  /** Reads the messages of a topic after a cursor, in order. */
  read(topic: string, after: string, reader: TopicReader): Stop;
}

/** A connection to a broker, which is opened again whenever it is lost. Its methods never throw. */
export interface Broker {
  /** Whether messages arrive at the moment. */
  readonly isConnected: boolean;
  /** Missing where the broker stores nothing. */
  readonly replay?: Replay | undefined;
  /** Whether a topic may have wildcards. */
  readonly hasWildcards: boolean;
  /** Delivers the messages of a topic from now on, or after a cursor. */
  follow(topic: string, after: string | undefined, listener: TopicListener): Stop;
  /** Sends a message. Rejects with a {@link NotSentError}. */
  publish(topic: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/** What happens to the messages of a broker, for metrics and the log. */
export interface BrokerObserver {
  received(): void;
  malformed(topic: string, reason: string): void;
  published(isSent: boolean): void;
  /** The broker does not deliver a topic, or does not take a message for it. */
  refused(topic: string, failure: BrokerFailure): void;
}

/** The failure of a topic while there is no connection. */
export const NOT_CONNECTED: BrokerFailure = { reason: 'no connection', isTemporary: true, isUnsent: true };
/** The failure of a topic whose connection is lost. */
export const CONNECTION_LOST: BrokerFailure = { reason: 'connection lost', isTemporary: true, isUnsent: false };
