import { ArrivingText, type EventReader, type StreamEvent } from './event-reader.ts';

/**
 * Reads server-sent events in the distinct connections mode of graphql-sse: `next` has a result, `complete` is the end. An event without
 * a name has a result, too. Comments are heartbeats.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 * @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode
 */
export class SseReader implements EventReader {
  readonly #text = new ArrivingText();
  #name = '';
  #data: string[] = [];

  push(text: string): void {
    this.#text.push(text);
  }

  next(): StreamEvent | undefined {
    for (;;) {
      const line = this.#text.line();
      if (line === undefined) return undefined;
      if (line.startsWith(':')) return { kind: 'heartbeat' };
      if (line !== '') this.#takeField(line);
      else {
        const event = this.#takeEvent();
        if (event) return event;
      }
    }
  }

  /** An event counts only with the empty line after it. */
  end(): undefined {
    return undefined;
  }

  #takeField(line: string): void {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    if (name !== 'event' && name !== 'data') return;
    const from = line.charCodeAt(colon + 1) === SPACE ? colon + 2 : colon + 1;
    const value = colon < 0 ? '' : line.slice(from);
    if (name === 'event') this.#name = value;
    else this.#data.push(value);
  }

  #takeEvent(): StreamEvent | undefined {
    const name = this.#name;
    const data = this.#data.join('\n');
    this.#name = '';
    this.#data = [];
    if (name === 'complete') return { kind: 'complete' };
    const isResult = name === 'next' || name === '' || name === 'message';
    return isResult && data !== '' ? { kind: 'next', result: data } : undefined;
  }
}

const SPACE = 32;
