import { createClient } from 'graphql-sse';
import { describe, expect, test } from 'vitest';
import { ADDED, review, subscriptionWorld } from './subscription-world.ts';

/** Reads the events of a subscription over HTTP, one after the other. */
async function openEvents(url: string, query: string, headers: Record<string, string> = {}) {
  const abort = new AbortController();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify({ query }),
    signal: abort.signal,
  });
  return { response, reader: readerOf(response), close: () => abort.abort() };
}

function readerOf(response: Response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    /** Returns the text up to a separator. */
    async until(separator: string): Promise<string> {
      for (;;) {
        const at = text.indexOf(separator);
        if (at >= 0) {
          const part = text.slice(0, at + separator.length);
          text = text.slice(at + separator.length);
          return part;
        }
        const { done, value } = (await reader?.read()) ?? { done: true };
        if (done) throw new Error(`the stream ended with ${JSON.stringify(text)}`);
        text += value;
      }
    },
  };
}

describe('subscriptions over server-sent events', () => {
  test('each event is completed from other subgraphs', async () => {
    const { server, topic } = await subscriptionWorld();
    const client = createClient({ url: server.url });
    const events = client.iterate({ query: ADDED });
    const first = events.next();
    await topic.hasSubscriptions(1);
    topic.publish(review('good', '7'));
    expect((await first).value).toEqual({ data: { reviewAdded: { body: 'good', product: { name: 'product 7' } } } });
    topic.publish(review('bad', '8'));
    topic.end();
    expect((await events.next()).value.data.reviewAdded.product.name).toBe('product 8');
    expect((await events.next()).done).toBe(true);
  });

  test('the upstream subscription is cancelled when the client leaves, also while it is silent', async () => {
    const { server, topic } = await subscriptionWorld();
    const { close } = await openEvents(server.url, ADDED);
    await topic.hasSubscriptions(1);
    close();
    await topic.hasSubscriptions(0);
  });
});
