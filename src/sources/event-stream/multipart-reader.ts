import { parseJson, stringifyJson } from '../../shared/exact-json.ts';
import { ArrivingText, type EventReader, type StreamEvent } from './event-reader.ts';

/**
 * Reads Apollo's multipart protocol for subscriptions. Each part is a JSON object: `{"payload": …}` has a result, `{}` is a heartbeat, and
 * `errors` beside the payload end the subscription. A part counts once its object is complete, so that a server may write the
 * boundary before the next part only.
 *
 * @see https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
 */
export class MultipartReader implements EventReader {
  readonly #text = new ArrivingText();
  readonly #delimiter: string;
  #place: 'between' | 'headers' | 'body' = 'between';
  #object: JsonObjectScan | undefined;
  #waiting: StreamEvent | undefined;

  constructor(boundary: string) {
    this.#delimiter = `--${boundary}`;
  }

  push(text: string): void {
    this.#text.push(text);
  }

  next(): StreamEvent | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) return waiting;
    for (;;) {
      if (this.#place === 'body') {
        const event = this.#readBody();
        if (event !== 'not here') return event;
      }
      const line = this.#text.line();
      if (line === undefined) return undefined;
      // a delimiter is one among headers, too: some servers write one after each part, so that the last part is empty
      if (isLine(line, `${this.#delimiter}--`)) return { kind: 'complete' };
      if (isLine(line, this.#delimiter)) this.#place = 'headers';
      else if (this.#place === 'headers' && line === '') this.#place = 'body';
    }
  }

  end(): StreamEvent | undefined {
    const isClosed = this.#place !== 'body' && isLine(this.#text.unended(), `${this.#delimiter}--`);
    return isClosed ? { kind: 'complete' } : undefined;
  }

  /** Returns `undefined` until the body has arrived. */
  #readBody(): StreamEvent | 'not here' | undefined {
    if (this.#object === undefined) {
      let code = this.#text.peek();
      for (; code !== undefined && code <= SPACE; code = this.#text.peek()) this.#text.skip();
      if (code === undefined) return undefined;
      if (code !== BRACE && code !== DASH) return { kind: 'malformed', reason: 'a part is not a JSON object' };
      if (code === DASH) {
        // a part without a body
        this.#place = 'between';
        return 'not here';
      }
      this.#object = new JsonObjectScan();
    }
    const object = this.#object;
    const text = this.#text.through((code) => object.isLast(code));
    if (text === undefined) return undefined;
    this.#object = undefined;
    this.#place = 'between';
    return this.#take(text);
  }

  #take(text: string): StreamEvent {
    let part: { readonly payload?: unknown; readonly errors?: unknown };
    try {
      part = parseJson(text) as typeof part;
    } catch {
      return { kind: 'malformed', reason: 'a part is not a JSON object' };
    }
    const { payload, errors } = part;
    const last: StreamEvent | undefined =
      Array.isArray(errors) && errors.length > 0
        ? { kind: 'errors', errors: stringifyJson(errors) as string }
        : undefined;
    if (payload !== undefined && payload !== null) {
      this.#waiting = last;
      return { kind: 'next', result: stringifyJson(payload) as string };
    }
    if (last) return last;
    const isHeartbeat = 'payload' in part || Object.keys(part).length === 0;
    return isHeartbeat ? { kind: 'heartbeat' } : { kind: 'malformed', reason: 'a part has no "payload"' };
  }
}

/** Whether a line is a delimiter, after which white space may follow. */
function isLine(line: string, delimiter: string): boolean {
  return line.startsWith(delimiter) && line.slice(delimiter.length).trim() === '';
}

/** Finds the end of a JSON object. */
class JsonObjectScan {
  #depth = 0;
  #isString = false;
  #isEscaped = false;

  /** To be called with each character from the first brace on. Returns whether it is the last one. */
  isLast(code: number): boolean {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (this.#isString) {
      if (code === BACKSLASH) this.#isEscaped = true;
      else if (code === QUOTE) this.#isString = false;
    } else if (code === QUOTE) this.#isString = true;
    else if (code === BRACE || code === BRACKET) this.#depth += 1;
    else if (code === BRACE_END || code === BRACKET_END) {
      this.#depth -= 1;
      return this.#depth === 0;
    }
    return false;
  }
}

const SPACE = 32;
const QUOTE = 34;
const DASH = 45;
const BRACKET = 91;
const BACKSLASH = 92;
const BRACKET_END = 93;
const BRACE = 123;
const BRACE_END = 125;
