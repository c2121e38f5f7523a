import * as z from 'zod';
import { headerName } from '../header.ts';

export const csrfSection = z
  .strictObject({
    unsafe_disabled: z
      .boolean()
      .default(false)
      .describe(
        'Disables the protection: pages of any site can make browsers send GraphQL by GET, and POST to endpoints',
      ),
    required_headers: z
      .array(headerName)
      .min(1)
      .default(['apollo-require-preflight', 'x-apollo-operation-name'])
      .describe(
        'A GET from a browser, and a POST to an endpoint, needs one of these headers, or a content type that a form cannot send',
      ),
  })
  .describe('Protection against requests that pages of other sites send in the name of a user (CSRF)');

export type CsrfConfig = z.output<typeof csrfSection>;
