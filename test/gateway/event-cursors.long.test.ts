import { describe, expect, test } from 'vitest';
import { BROKERS } from '../sources/events/test-brokers.ts';
import { openEvents } from './event-reader.ts';
import { eventWorld, startBroker } from './event-world.ts';
import { dataIn, idIn, resumeByExtension, subscribed, UPDATED } from './subscribed-events.ts';

describe.each(BROKERS)('events of $name', (kind) => {
  test.skipIf(!kind.isInstalled)('go on after a restart of the broker', { timeout: 30_000 }, async () => {
    const broker = await startBroker(kind);
    const backoff = { base: '50ms', max: '200ms' };
    const world = await eventWorld(broker, { subscription: { reconnect: { backoff, max_attempts: 500 } } });
    const { reader, first } = await subscribed(world, UPDATED, 'order.1.updated', { id: '1' });
    await broker.kill();
    await expect.poll(() => world.lines.some(({ msg }) => msg.startsWith('Event source unavailable'))).toBe(true);
    await broker.restart();
    let event = '';
    const next = reader.until('"again"').then((text) => {
      event = text.slice(text.lastIndexOf('event: next'));
    });
    while (event === '') {
      await world.publish('order.1.updated', { id: 'again' });
      await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 50))]);
    }
    event += await reader.until('\n\n');
    const { subscription } = dataIn(event).extensions ?? {};
    if (kind.canReplay) {
      expect(subscription.mayHaveMissedEvents).toBeUndefined();
      expect(subscription.cursor).not.toBe(idIn(first));
    } else expect(subscription).toEqual({ mayHaveMissedEvents: true });
  });
});

describe.each(BROKERS.filter(({ canReplay }) => canReplay))('cursors of $name', (kind) => {
  const ifThere = test.skipIf(!kind.isInstalled);

  ifThere('resume a subscription without a gap, by Last-Event-ID and by the extension', async () => {
    const world = await eventWorld(await startBroker(kind), { subscription: { queue_capacity: 4 } });
    const { first, close } = await subscribed(world, 'subscription { orderUpdated(id: 1) { id } }', 'order.1.updated', {
      id: 'first',
    });
    close();
    const cursor = idIn(first) ?? '';
    expect(dataIn(first).extensions).toEqual({ subscription: { cursor } });
    for (let n = 1; n <= 60; n++) await world.publish('order.1.updated', { id: `${n}` });
    const query = 'subscription { orderUpdated(id: 1) { id } }';
    const byHeader = await openEvents(world.server.url, query, { 'last-event-id': cursor });
    const { response } = await resumeByExtension(world, query, cursor);
    const byExtension = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const ids: string[] = [];
    while (ids.at(-1) !== '60') ids.push(dataIn(await byHeader.reader.until('\n\n')).data.orderUpdated.id);
    const expected = Array.from({ length: 60 }, (_, index) => `${index + 1}`);
    // the first message may have been sent several times
    expect(ids.filter((id) => id !== 'first')).toEqual(expected);
    let text = '';
    while (!text.includes('"id":"60"')) text += (await byExtension?.read())?.value ?? '';
    expect([...text.matchAll(/"id":"(\d+)"/g)].map(([, id]) => id)).toEqual(expected);
    await world.publish('order.1.updated', { id: 'live' });
    expect(dataIn(await byHeader.reader.until('\n\n')).data.orderUpdated.id).toBe('live');
  });

  ifThere('are good at every replica', async () => {
    const broker = await startBroker(kind);
    const [one, other] = [await eventWorld(broker), await eventWorld(broker)];
    const query = 'subscription { orderUpdated(id: 1) { id } }';
    const { first, close } = await subscribed(one, query, 'order.1.updated', { id: 'first' });
    close();
    for (const id of ['1', '2', '3']) await one.publish('order.1.updated', { id });
    const { reader } = await openEvents(other.server.url, query, { 'last-event-id': idIn(first) ?? '' });
    const ids: string[] = [];
    while (ids.at(-1) !== '3') ids.push(dataIn(await reader.until('\n\n')).data.orderUpdated.id);
    // the first message may have been sent several times
    expect(ids.filter((id) => id !== 'first')).toEqual(['1', '2', '3']);
  });

  ifThere('of several clients lead to one shared subscription again', async () => {
    const world = await eventWorld(await startBroker(kind));
    const query = 'subscription { orderUpdated(id: 1) { id status } }';
    const { first, close } = await subscribed(world, query, 'order.1.updated', { id: 'first' });
    close();
    for (const id of ['1', '2', '3']) await world.publish('order.1.updated', { id });
    const headers = { 'last-event-id': idIn(first) ?? '' };
    const resumed = await Promise.all([1, 2, 3, 4].map(() => openEvents(world.server.url, query, headers)));
    const seen: string[][] = resumed.map(() => []);
    const readUpTo = async (id: string) => {
      for (const [at, ids] of seen.entries())
        while (ids.at(-1) !== id)
          ids.push(dataIn((await resumed[at]?.reader.until('\n\n')) ?? '').data.orderUpdated.id);
    };
    await readUpTo('3');
    let n = 3;
    const callsOfNextEvent = async () => {
      const before = world.calls.orders ?? 0;
      await world.publish('order.1.updated', { id: `${++n}` });
      await readUpTo(`${n}`);
      return (world.calls.orders ?? 0) - before;
    };
    await expect.poll(callsOfNextEvent).toBe(1);
    // those who leave do not end it for the others
    resumed[3]?.close();
    seen.pop();
    expect(await callsOfNextEvent()).toBe(1);
    for (const ids of seen)
      expect(ids.filter((id) => id !== 'first')).toEqual(Array.from({ length: n }, (_, index) => `${index + 1}`));
  });

  ifThere('that are none are refused', async () => {
    const world = await eventWorld(await startBroker(kind));
    await expect.poll(() => world.lines.some(({ msg }) => msg === 'Event source connected')).toBe(true);
    const { reader } = await openEvents(world.server.url, UPDATED, { 'last-event-id': 'no-cursor' });
    const { errors } = dataIn(await reader.until('\n\n'));
    expect(errors[0].extensions.code).toBe('BAD_USER_INPUT');
    expect(errors[0].message).toContain('"no-cursor" is no cursor of the event source "orders"');
  });
});
