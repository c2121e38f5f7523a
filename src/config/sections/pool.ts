import * as z from 'zod';
import { duration, timerDuration } from '../duration.ts';

const connections = z
  .int()
  .positive()
  .describe('The most connections of each process to one URL of the subgraph. Further requests wait for a free one');
const queue = z
  .int()
  .min(0)
  .describe('The most requests that wait for a connection. Further ones fail at once with `SUBREQUEST_QUEUE_FULL`');
const keepAlive = timerDuration.describe(
  'How long an unused connection stays open. Choose less than the subgraph does, so that it closes none at the moment of use',
);
const maxAge = duration.describe(
  'The longest use of a connection, less a random share of up to a fifth. Then its host is looked up again',
);

/** Connections to every subgraph. */
export const poolSection = z
  .strictObject({
    connections: connections.default(256),
    queue: queue.default(4_096),
    keep_alive: keepAlive.prefault('4s'),
    max_age: maxAge.prefault('5m'),
  })
  .describe('Connections to a subgraph. Every subgraph has its own limit');

/** Connections to one subgraph; settings that are left out are those of every subgraph. */
export const ownPoolSection = z
  .strictObject({
    connections: connections.optional(),
    queue: queue.optional(),
    keep_alive: keepAlive.optional(),
    max_age: maxAge.optional(),
  })
  .optional();
