import { expect } from 'vitest';
import type { Message } from '../../worlds/incremental.ts';

/** Reads the parts of a multipart response, each as soon as its end is there. */
export async function* partsOf(response: Response): AsyncGenerator<Message> {
  const boundary = '\r\n---';
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream() as never) ?? []) {
    text += chunk;
    for (let end = text.indexOf(boundary); end >= 0; end = text.indexOf(boundary)) {
      const part = text.slice(0, end);
      text = text.slice(end + boundary.length);
      const body = part.split('\r\n\r\n')[1];
      if (body !== undefined) yield JSON.parse(body);
    }
  }
  expect(text).toBe('--\r\n');
}
