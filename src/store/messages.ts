/** A message to all processes of the gateway. */
export interface Message {
  readonly topic: string;
  readonly text: string;
}

/**
 * Messages between the processes of the gateway. A process does not receive its own. Messages may be lost, while a connection is;
 * {@link Messages.onGap} says when that may have happened.
 */
export interface Messages {
  /** Sends a message to all other processes. Never throws or rejects. */
  publish(topic: string, text: string): void;
  /** Calls `listener` with each message of a topic. */
  subscribe(topic: string, listener: (text: string) => void): void;
  /** Calls `listener` whenever messages may have been lost. */
  onGap(listener: () => void): void;
  /** Whether messages arrive at the moment. */
  readonly isConnected: boolean;
  close(): Promise<void>;
}

/** What delivers messages to the listeners of their topics. */
export class MessageListeners {
  readonly #byTopic = new Map<string, ((text: string) => void)[]>();
  readonly #ofGaps: (() => void)[] = [];

  add(topic: string, listener: (text: string) => void): void {
    this.#byTopic.set(topic, [...(this.#byTopic.get(topic) ?? []), listener]);
  }

  addForGaps(listener: () => void): void {
    this.#ofGaps.push(listener);
  }

  deliver({ topic, text }: Message): void {
    for (const listener of this.#byTopic.get(topic) ?? []) listener(text);
  }

  reportGap(): void {
    for (const listener of this.#ofGaps) listener();
  }
}

/** How workers of one machine send messages to each other. */
export interface MessageRelay {
  /** Sends a message to all other workers. */
  send(message: Message): void;
  /** To be set: receives the messages of other workers. */
  onMessage(listener: (message: Message) => void): void;
}

/**
 * Creates the messages of a process without Redis.
 * @param relay reaches the other workers of the machine; without it, there is no other process
 */
export function relayedMessages(relay: MessageRelay | undefined): Messages {
  const listeners = new MessageListeners();
  relay?.onMessage((message) => listeners.deliver(message));
  return {
    isConnected: true,
    publish: (topic, text) => relay?.send({ topic, text }),
    subscribe: (topic, listener) => listeners.add(topic, listener),
    // a channel between processes of one machine lasts as long as they do
    onGap() {},
    async close() {},
  };
}
