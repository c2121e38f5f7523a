/** What a stream of events contains. Texts are JSON. */
export type StreamEvent =
  | { readonly kind: 'heartbeat' | 'complete' }
  /** A GraphQL result. */
  | { readonly kind: 'next'; readonly result: string }
  /** The subscription ends with errors: a list. */
  | { readonly kind: 'errors'; readonly errors: string }
  /** Something that is not of the protocol. `reason` completes "the response cannot be read: …". */
  | { readonly kind: 'malformed'; readonly reason: string };

/** Reads the events in the text of a stream, which arrives bit by bit. */
export interface EventReader {
  /** Adds text that has arrived. */
  push(text: string): void;
  /** Returns the next event; `undefined` until more text has arrived. */
  next(): StreamEvent | undefined;
  /** Returns what the rest of the text means when the stream has ended. */
  end(): StreamEvent | undefined;
}

/** Text that arrives bit by bit, read by lines or by characters. Keeps the parts of a long line apart, so that nothing is copied twice. */
export class ArrivingText {
  #text = '';
  #at = 0;
  /** Parts of a line that has not ended. */
  #parts: string[] = [];
  #skipsLineFeed = false;

  push(text: string): void {
    this.#text = this.#at < this.#text.length ? this.#text.slice(this.#at) + text : text;
    this.#at = 0;
  }

  /** Returns the next line without its end, which is CR, LF or both; `undefined` until it has ended. */
  line(): string | undefined {
    this.#skipLineFeed();
    const text = this.#text;
    let end = this.#at;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code !== LINE_FEED && code !== CARRIAGE_RETURN) continue;
      this.#skipsLineFeed = code === CARRIAGE_RETURN;
      const line = this.#parts.join('') + text.slice(this.#at, end);
      this.#parts = [];
      this.#at = end + 1;
      return line;
    }
    if (end > this.#at) this.#parts.push(text.slice(this.#at, end));
    this.#at = end;
    return undefined;
  }

  /** Returns the line that has not ended. */
  unended(): string {
    return this.#parts.join('') + this.#text.slice(this.#at);
  }

  /** Returns the code of the next character, and stays before it. */
  peek(): number | undefined {
    this.#skipLineFeed();
    return this.#at < this.#text.length ? this.#text.charCodeAt(this.#at) : undefined;
  }

  skip(): void {
    this.#at += 1;
  }

  /**
   * Returns the text up to the first character for which `isLast` returns true, with it; `undefined` until it has arrived.
   * @param isLast called with the code of each character, once
   */
  through(isLast: (code: number) => boolean): string | undefined {
    const text = this.#text;
    for (let at = this.#at; at < text.length; at++) {
      if (!isLast(text.charCodeAt(at))) continue;
      const all = this.#parts.join('') + text.slice(this.#at, at + 1);
      this.#parts = [];
      this.#at = at + 1;
      return all;
    }
    if (this.#at < text.length) this.#parts.push(text.slice(this.#at));
    this.#at = text.length;
    return undefined;
  }

  #skipLineFeed(): void {
    if (!this.#skipsLineFeed || this.#at >= this.#text.length) return;
    this.#skipsLineFeed = false;
    if (this.#text.charCodeAt(this.#at) === LINE_FEED) this.#at += 1;
  }
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
