import * as z from 'zod';
import { timerDuration } from '../duration.ts';
import { requestHeaderName } from '../header.ts';

export const websocketSection = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether clients can open WebSockets at the paths of GraphQL'),
    subprotocols: z
      .array(z.enum(['graphql-transport-ws', 'graphql-ws']))
      .min(1)
      .default(['graphql-transport-ws', 'graphql-ws'])
      .describe('The subprotocols that clients may use; `graphql-ws` is the older one, of subscriptions-transport-ws'),
    headers: z
      .array(requestHeaderName)
      .default(['authorization'])
      .describe(
        'Members of the payload of `connection_init` that become headers of each operation, in any case: browsers cannot send headers with a WebSocket',
      ),
    max_connections: z
      .int()
      .positive()
      .optional()
      .describe(
        'Most open WebSockets of one process; a further one is refused with 503 SUBSCRIPTION_LIMIT_EXCEEDED. Default: no limit',
      ),
    max_operations: z
      .int()
      .positive()
      .default(100)
      .describe('Most operations of one WebSocket at the same time; the error is SUBSCRIPTION_LIMIT_EXCEEDED'),
    init_timeout: timerDuration.prefault('10s').describe('How long a client may take to send `connection_init`'),
  })
  .describe('WebSockets of clients');
