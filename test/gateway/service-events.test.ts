import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSchema, createYoga } from 'graphql-yoga';
import { expect, onTestFinished, test } from 'vitest';
import { BROKERS, type BrokerKind } from '../sources/events/test-brokers.ts';
import { openEvents } from './event-reader.ts';
import { composeEvents, eventWorld, startBroker } from './event-world.ts';

const PUBSUB = BROKERS.find(({ name }) => name === 'Redis pub/sub') as BrokerKind;

/** A plain GraphQL service without federation. */
async function plainService(): Promise<string> {
  const parcel = (_: unknown, { id }: { id: string }) => ({ id, place: `place of ${id}` });
  const schema = createSchema({
    typeDefs: 'type Query { parcel(id: ID!): Parcel, parcels: [Parcel] } type Parcel { id: ID! place: String }',
    resolvers: { Query: { parcel } },
  });
  const server = createServer(createYoga({ schema, logging: false }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

test.skipIf(!PUBSUB.isInstalled)('events of a plain GraphQL service are completed by its look-up fields', async () => {
  const sdl = composeEvents({
    parcels: `extend schema @service(url: "${await plainService()}")
      type Query { parcel(id: ID!): Parcel @merge(keyField: "id") parcels: [Parcel] }
      type Subscription { parcelMoved(id: ID!): Parcel @event(source: "orders", topic: "parcel.{args.id}.moved") }
      type Parcel { id: ID! place: String }`,
  });
  const world = await eventWorld(await startBroker(PUBSUB), {}, sdl);
  const { reader } = await openEvents(world.server.url, 'subscription { parcelMoved(id: 7) { id place } }');
  let event = '';
  const first = reader.until('\n\n').then((text) => {
    event = text;
  });
  while (event === '') {
    await world.publish('parcel.7.moved', { id: '7' });
    await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  expect(event).toContain('{"data":{"parcelMoved":{"id":"7","place":"place of 7"}}}');
});
