import { expect } from 'vitest';
import { openEvents } from './event-reader.ts';
import { ADDED, type Review, review, type Topic } from './subscription-world.ts';

/** Checks that the events of a subgraph are completed from other subgraphs, until the last one. */
export async function expectEvents(url: string, topic: Topic<Review>): Promise<void> {
  const { reader } = await openEvents(url, ADDED);
  await topic.hasSubscriptions(1);
  topic.publish(review('good', '7'));
  expect(await reader.until('\n\n')).toContain('{"reviewAdded":{"body":"good","product":{"name":"product 7"}}}');
  topic.publish(review('bad', '8'));
  expect(await reader.until('\n\n')).toContain('product 8');
  topic.end();
  expect(await reader.until('\n\n')).toBe('event: complete\ndata:\n\n');
}

/** Checks that two clients share a subscription of the subgraph, which ends after the last of them has left. */
export async function expectEndAfterClients(url: string, topic: Topic<Review>): Promise<void> {
  const clients = [await openEvents(url, ADDED), await openEvents(url, ADDED)];
  await topic.hasSubscriptions(1);
  for (const { close } of clients) close();
  await topic.hasSubscriptions(0);
}

/** Checks that a subscription that does not start has its errors as the only result, without data. */
export async function expectRefusal(url: string, message: RegExp): Promise<void> {
  const { reader } = await openEvents(url, ADDED);
  const { errors, ...rest } = JSON.parse(/data: (.*)/.exec(await reader.until('\n\n'))?.[1] ?? '');
  expect(rest).toEqual({});
  expect(errors).toEqual([
    expect.objectContaining({ message: expect.stringMatching(message), extensions: expect.anything() }),
  ]);
  expect(await reader.until('\n\n')).toBe('event: complete\ndata:\n\n');
}
