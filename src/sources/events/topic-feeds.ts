import { nextInOrder } from '../../shared/arrival-order.ts';
import { parseJson } from '../../shared/exact-json.ts';
import type { Broker, BrokerFailure, BrokerMessage, BrokerObserver, Stop } from './broker.ts';

/** A message that several subscriptions receive. Its JSON is parsed once. */
export class TopicMessage {
  readonly topic: string;
  readonly cursor: string | undefined;
  readonly mayHaveMissed: boolean;
  /** Why it has no text, in a few words. */
  readonly mistake: string | undefined;
  /** When it arrived. */
  readonly order = nextInOrder();
  readonly #text: string;
  #parsed: { readonly value: unknown } | undefined;
  #isReported = false;

  constructor(topic: string, { text, cursor, mayHaveMissed = false, mistake }: BrokerMessage) {
    this.topic = topic;
    this.#text = text;
    this.cursor = cursor;
    this.mayHaveMissed = mayHaveMissed;
    this.mistake = mistake;
  }

  /** The JSON value, with the digits of numbers; `undefined` for a text that is not JSON. Readers do not change it. */
  get value(): unknown {
    this.#parsed ??= { value: parsed(this.#text) };
    return this.#parsed.value;
  }

  /** Returns true the first time. */
  reportOnce(): boolean {
    const isFirst = !this.#isReported;
    this.#isReported = true;
    return isFirst;
  }
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** Receives the messages of a topic for one subscription. */
export interface FeedMember {
  /** Called once, where the broker stores messages: the subscription is resumed after it while it has had no message. */
  begin(cursor: string): void;
  /** Receives a message as it arrives. */
  message(message: TopicMessage): void;
  /** Receives a message that the broker had stored. The next one waits for the promise. */
  stored(message: TopicMessage): Promise<void>;
  /** Called at most once, at the end. */
  fail(failure: BrokerFailure): void;
}

interface Feed {
  /** Each member, and the cursor after which it has messages. */
  readonly members: Map<FeedMember, string | undefined>;
  /** Everything up to this cursor was delivered. */
  position: string | undefined;
  stop: Stop;
}

/**
 * The topics of one broker that are followed. Each is followed once, for all of its members, and no longer after the last of them has left.
 * A member that resumes reads what is stored on its own, and joins the others when it has as much as they have.
 */
export class TopicFeeds {
  readonly #broker: Broker;
  readonly #observer: BrokerObserver;
  readonly #feeds = new Map<string, Feed>();

  constructor(broker: Broker, observer: BrokerObserver) {
    this.#broker = broker;
    this.#observer = observer;
  }

  /** How many topics are followed. */
  get size(): number {
    return this.#feeds.size;
  }

  /** @param after the member has the messages after this cursor; it is one of the broker's */
  subscribe(topic: string, after: string | undefined, member: FeedMember): Stop {
    return after === undefined ? this.#join(topic, undefined, member) : this.#resume(topic, after, member);
  }

  #join(topic: string, after: string | undefined, member: FeedMember): Stop {
    const known = this.#feeds.get(topic);
    const feed: Feed = known ?? { members: new Map(), position: after, stop: () => {} };
    feed.members.set(member, after);
    if (known === undefined) this.#follow(topic, after, feed);
    else if (after === undefined && feed.position !== undefined) member.begin(feed.position);
    return () => {
      if (!feed.members.delete(member) || feed.members.size > 0) return;
      if (this.#feeds.get(topic) === feed) this.#feeds.delete(topic);
      feed.stop();
    };
  }

  #follow(topic: string, after: string | undefined, feed: Feed): void {
    this.#feeds.set(topic, feed);
    let hasFailed = false;
    const stop = this.#broker.follow(topic, after, {
      begin: (cursor) => {
        feed.position ??= cursor;
        if (cursor === undefined) return;
        for (const [member, from] of feed.members) if (from === undefined) member.begin(cursor);
      },
      message: (message) => this.#deliver(topic, feed, message),
      fail: (failure) => {
        hasFailed = true;
        this.#observer.refused(topic, failure);
        if (this.#feeds.get(topic) === feed) this.#feeds.delete(topic);
        const members = [...feed.members.keys()];
        feed.members.clear();
        for (const member of members) member.fail(failure);
      },
    });
    // it may have failed before it returned, or the last member has left then
    if (feed.members.size === 0 && !hasFailed) stop();
    else feed.stop = stop;
  }

  #deliver(topic: string, feed: Feed, message: BrokerMessage): void {
    this.#observer.received();
    const { cursor } = message;
    if (cursor !== undefined) feed.position = cursor;
    const shared = new TopicMessage(topic, message);
    for (const [member, after] of feed.members) {
      const isKnown = after !== undefined && cursor !== undefined && this.#compare(cursor, after) <= 0;
      if (!isKnown) member.message(shared);
    }
  }

  #compare(a: string, b: string): number {
    return this.#broker.replay?.compare(a, b) ?? 1;
  }

  #resume(topic: string, after: string, member: FeedMember): Stop {
    const { replay } = this.#broker;
    if (replay === undefined) return this.#join(topic, undefined, member);
    let stop: Stop = () => {};
    let isDone = false;
    const join = (cursor: string) => {
      const feed = this.#feeds.get(topic);
      // the others are further, or only about to begin: there are more messages to read
      if (isDone || (feed && (feed.position === undefined || replay.compare(cursor, feed.position) < 0))) return;
      isDone = true;
      stop();
      stop = this.#join(topic, cursor, member);
    };
    const stopReading = replay.read(topic, after, {
      message: (message) => {
        this.#observer.received();
        return member.stored(new TopicMessage(topic, message));
      },
      caughtUp: join,
      fail: (failure) => {
        isDone = true;
        this.#observer.refused(topic, failure);
        member.fail(failure);
      },
    });
    if (isDone) stopReading();
    else stop = stopReading;
    return () => {
      isDone = true;
      stop();
    };
  }
}
