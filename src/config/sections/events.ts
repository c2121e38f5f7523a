import * as z from 'zod';
import { redisUrl } from './store.ts';
import { clientTls } from './tls.ts';

const NATS_URL_EXPECTED = 'expected a URL such as "nats://localhost:4222", or tls:// with TLS';

const natsUrl = z.url({ protocol: /^(?:nats|tls)$/, message: NATS_URL_EXPECTED });

const nats = z
  .strictObject({
    servers: z
      .union([natsUrl.transform((url) => [url]), z.array(natsUrl).min(1)], { error: NATS_URL_EXPECTED })
      .describe(
        'The URL of a server, or those of several servers of one cluster: nats://HOST:PORT, or tls:// with TLS',
      ),
    user: z.string().min(1).optional().describe('The name of a user, with `password`'),
    password: z.string().min(1).optional().describe('The password of `user`'),
    token: z.string().min(1).optional().describe('A token, for servers that have one for all clients'),
    nkey_seed: z
      .string()
      .startsWith('SU', 'expected the seed of a user, which begins with SU')
      .optional()
      .describe('The seed of an NKey, which begins with SU'),
    credentials_file: z.string().min(1).optional().describe('The path of a .creds file: a JWT and its seed'),
    tls: clientTls.optional().describe('TLS of the connection'),
    jetstream: z
      .strictObject({
        stream: z
          .string()
          .regex(/^[^\s.*>/\\]+$/, 'expected the name of a stream')
          .describe('The name of the stream. It has to exist, and its subjects have to include the topics'),
      })
      .optional()
      .describe('Events come from this stream of JetStream, which stores them: clients can resume subscriptions'),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ['user'],
    message: 'expected both `user` and `password`',
  })
  .refine(
    (given) =>
      [given.user, given.token, given.nkey_seed, given.credentials_file].filter((one) => one !== undefined).length <= 1,
    'expected one of `user`, `token`, `nkey_seed` and `credentials_file`',
  )
  .describe('NATS');

const redis = z
  .strictObject({
    url: redisUrl.describe(
      'The URL of Redis, as that of `store.redis.url`. In a cluster, one of any node, with `mode: pubsub`',
    ),
    tls: clientTls.optional().describe('TLS of the connection; the URL begins with rediss://'),
    mode: z
      .enum(['pubsub', 'streams'])
      .default('pubsub')
      .describe('pubsub: topics are channels; streams: they are streams, so that clients can resume subscriptions'),
    max_length: z
      .int()
      .positive()
      .optional()
      .describe('About how many messages a stream keeps when @publish adds one. Default: all'),
  })
  .refine(({ max_length, mode }) => max_length === undefined || mode === 'streams', {
    path: ['max_length'],
    message: 'has no effect without `mode: streams`',
  })
  .refine(({ url, tls }) => tls === undefined || url.startsWith('rediss:'), {
    path: ['tls'],
    message: 'has no effect without TLS: write rediss:// in `url`',
  })
  .describe('Redis');

const source = z
  .strictObject({ nats: nats.optional(), redis: redis.optional() })
  .refine((given) => (given.nats === undefined) !== (given.redis === undefined), 'expected either `nats` or `redis`');

export const eventsSection = z
  .record(z.string().min(1), source)
  .describe('Brokers, by the name that @event and @publish have in `source`');

export type EventSourceSettings = z.output<typeof source>;
export type NatsSettings = z.output<typeof nats>;
