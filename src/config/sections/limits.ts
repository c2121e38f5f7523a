import { z } from 'zod';

export const limitsSection = z
  .strictObject({
    http_max_request_bytes: z
      .int()
      .positive()
      .default(2_000_000)
      .describe('Largest request body in bytes; a larger one is answered 413 REQUEST_TOO_LARGE'),
    parser_max_tokens: z
      .int()
      .positive()
      .default(15_000)
      .describe('Most tokens that a query text may have; more is answered MAX_TOKENS_LIMIT'),
  })
  .describe('What a client request may weigh');
