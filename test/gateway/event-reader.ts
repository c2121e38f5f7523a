import { onTestFinished } from 'vitest';

export interface OpenEvents {
  readonly response: Response;
  readonly reader: EventReader;
  readonly close: () => void;
}

/**
 * Opens a stream of events with POST, or with GET where there is no query.
 * @param mode `unread`: the test reads the body itself
 */
export async function openEvents(
  url: string,
  query: string | undefined,
  headers: Record<string, string> = {},
  mode: 'read' | 'unread' = 'read',
): Promise<OpenEvents> {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const post = { method: 'POST', body: JSON.stringify({ query }) };
  const type: Record<string, string> = query === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(url, {
    ...(query !== undefined && post),
    headers: { ...type, accept: 'text/event-stream', ...headers },
    signal: abort.signal,
  });
  return { response, reader: new EventReader(mode === 'read' ? response : undefined), close: () => abort.abort() };
}

/** Reads the text of a response bit by bit. */
class EventReader {
  readonly #chunks: ReadableStreamDefaultReader<string> | undefined;
  #text = '';

  constructor(response: Response | undefined) {
    this.#chunks = response?.body?.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Returns the text up to a separator, with it. Throws when the stream ends before. */
  async until(separator: string): Promise<string> {
    for (;;) {
      const at = this.#text.indexOf(separator);
      if (at >= 0) {
        const end = at + separator.length;
        const part = this.#text.slice(0, end);
        this.#text = this.#text.slice(end);
        return part;
      }
      const { done, value } = (await this.#chunks?.read()) ?? { done: true, value: '' };
      if (done) throw new Error(`the stream ended; there was ${JSON.stringify(this.#text)}`);
      this.#text += value;
    }
  }
}
