import { expect, test } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';

test.each([
  ['localhost:4222', 'servers'],
  ['http://localhost:4222', 'servers'],
  [4222, 'servers'],
  [['nats://localhost:4222', 'localhost:4223'], 'servers.1'],
])('events.NAME.nats.servers: %j is refused, and the message says what a URL of NATS is', (servers, key) => {
  const { error } = configFileSchema.safeParse({ events: { shop: { nats: { servers } } } });
  expect(error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
    `events.shop.nats.${key}: expected a URL such as "nats://localhost:4222", or tls:// with TLS`,
  ]);
});
