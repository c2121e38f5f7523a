import * as z from 'zod';

/** The gateway's credentials at an authorization server (RFC 6749, section 2.3). */
export const oauthClient = {
  client_id: z.string().min(1),
  client_secret: z.string().min(1).optional(),
  client_auth: z
    .enum(['basic', 'post', 'none'])
    .optional()
    .describe('How the gateway authenticates itself. Default: basic with a secret, none without'),
};
