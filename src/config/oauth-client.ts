import * as z from 'zod';

/** How the gateway names itself, and proves it, at an authorization server (RFC 6749, section 2.3). */
export const oauthClient = {
  client_id: z.string().min(1),
  client_secret: z.string().min(1).optional(),
  client_auth: z
    .enum(['basic', 'post', 'none'])
    .optional()
    .describe('How the gateway proves who it is. Default: basic with a secret, none without'),
};
