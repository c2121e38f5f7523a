import {
  type Consumer,
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import type { NatsSettings } from '../../config/sections/events.ts';
import type { BrokerMessage, Replay, Stop, TopicListener, TopicReader } from './broker.ts';
import { natsFailure } from './nats-reason.ts';

/** A client of JetStream for one stream. */
export interface StreamClient {
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly stream: string;
  readonly settings: NatsSettings;
}

const CURSOR = /^(?:0|[1-9]\d{0,14})$/;

/** Cursors of JetStream are the sequence numbers of messages in their stream. */
export const StreamCursors: Pick<Replay, 'isCursor' | 'compare'> = {
  isCursor: (text) => CURSOR.test(text),
  compare: (a, b) => Number(a) - Number(b),
};

/** How many messages are asked for at once. */
const BATCH = 100;

interface Opened {
  readonly consumer: Consumer;
  /** Everything up to this number was read, or was not asked for. */
  readonly begin: number;
  readonly mayHaveMissed: boolean;
  readonly pending: number;
}

/** Follows a subject of a stream with a consumer that the server removes some time after it is no longer read. */
export function followStream(
  stream: StreamClient,
  topic: string,
  after: string | undefined,
  listener: TopicListener,
): Stop {
  return run(stream, listener, async (session) => {
    const { consumer, begin, mayHaveMissed } = await open(stream, topic, after);
    if (session.isStopped) return;
    listener.begin(String(begin));
    let isFirst = true;
    session.messages = await consumer.consume({
      max_messages: BATCH,
      callback: (message) => {
        if (session.isStopped) return;
        listener.message(asMessage(message, isFirst && mayHaveMissed));
        isFirst = false;
      },
    });
    await end(session);
  });
}

/** Reads the stored messages of a subject, each when the one before was processed. */
export function replayStream(stream: StreamClient, topic: string, after: string, reader: TopicReader): Stop {
  return run(stream, reader, async (session) => {
    const { consumer, begin, mayHaveMissed, pending } = await open(stream, topic, after);
    if (session.isStopped) return;
    if (pending === 0 && !mayHaveMissed) reader.caughtUp(String(begin));
    // it may have been stopped
    if (session.isStopped) return;
    const messages = await consumer.consume({ max_messages: BATCH });
    session.messages = messages;
    if (session.isStopped) return await end(session);
    let isFirst = true;
    for await (const message of messages) {
      await reader.message(asMessage(message, isFirst && mayHaveMissed));
      isFirst = false;
      if (session.isStopped) break;
      if (message.info.pending === 0) reader.caughtUp(String(message.seq));
      if (session.isStopped) break;
    }
    await end(session);
  });
}

async function open(
  { client, manager, stream }: StreamClient,
  topic: string,
  after: string | undefined,
): Promise<Opened> {
  const { state } = await manager.streams.info(stream);
  const wanted = after === undefined ? state.last_seq : Number(after);
  // a stream that was made anew has lower numbers
  const begin = Math.min(wanted, state.last_seq);
  const mayHaveMissed = after !== undefined && (wanted > state.last_seq || wanted + 1 < state.first_seq);
  const consumer = await client.consumers.get(stream, {
    filter_subjects: topic,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: begin + 1,
  });
  const { num_pending: pending } = await consumer.info(true);
  return { consumer, begin, mayHaveMissed, pending };
}

function asMessage(message: JsMsg, mayHaveMissed: boolean): BrokerMessage {
  return { text: message.string(), cursor: String(message.seq), mayHaveMissed };
}

interface Session {
  isStopped: boolean;
  messages: ConsumerMessages | undefined;
}

/** Runs a session until it is stopped or fails. */
function run(
  { settings }: StreamClient,
  listener: Pick<TopicListener, 'fail'>,
  work: (session: Session) => Promise<void>,
): Stop {
  const session: Session = { isStopped: false, messages: undefined };
  work(session).catch((error: unknown) => {
    if (!session.isStopped) listener.fail(natsFailure(error, settings));
  });
  return () => {
    session.isStopped = true;
    session.messages?.stop();
  };
}

/** Waits until the messages end, which they do when they are stopped. Rejects where something else has ended them. */
async function end(session: Session): Promise<void> {
  const { messages } = session;
  if (session.isStopped) messages?.stop();
  const error = await messages?.closed();
  if (session.isStopped) return;
  throw error instanceof Error ? error : new Error('the consumer has ended');
}
