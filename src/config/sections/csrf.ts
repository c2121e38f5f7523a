import * as z from 'zod';
import { headerName } from '../header.ts';

export const csrfSection = z
  .strictObject({
    unsafe_disabled: z
      .boolean()
      .default(false)
      .describe(
        'Lets browsers send GraphQL by GET, and POST to endpoints, from pages of any site, without asking first',
      ),
    required_headers: z
      .array(headerName)
      .min(1)
      .default(['apollo-require-preflight', 'x-apollo-operation-name'])
      .describe(
        'A GET from a browser, and a POST to an endpoint, needs one of these headers, or a content type that no form can have',
      ),
  })
  .describe('Keeps pages of other sites from sending operations in the name of a user');

export type CsrfConfig = z.output<typeof csrfSection>;
