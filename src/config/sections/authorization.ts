import * as z from 'zod';
import { duration } from '../duration.ts';

const errors = z
  .strictObject({
    log: z
      .boolean()
      .default(true)
      .describe('Whether each request whose fields were dropped is logged, with their paths'),
    response: z
      .enum(['errors', 'extensions', 'disabled'])
      .default('errors')
      .describe('Where responses list dropped fields: in errors, in extensions.authorizationErrors, or nowhere'),
  })
  .describe('How fields that a client may not read are reported');

const directives = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether @authenticated, @requiresScopes and @policy are enforced'),
    reject_unauthorized: z
      .boolean()
      .default(false)
      .describe('Whether an operation with a field that the client may not read is rejected as a whole, with 403'),
    dry_run: z
      .boolean()
      .default(false)
      .describe('Whether such fields are returned anyway, and only listed in extensions and in the log'),
    errors: errors.prefault({}),
  })
  .describe('Enforcement of the authorization directives in schemas');

const policies = z
  .strictObject({
    claim: z
      .string()
      .min(1)
      .optional()
      .describe(
        'The claim that lists the policies a client meets, as a list or separated by spaces; a path with dots leads into objects',
      ),
    module: z
      .string()
      .min(1)
      .optional()
      .describe(
        'A module whose default export decides the policies that the claim does not list; its path is relative to the config file',
      ),
    timeout: duration.prefault('1s').describe('Time limit of the module; after it, the policies are not granted'),
  })
  .describe('How the policies of @policy are decided');

export const authorizationSection = z
  .strictObject({
    directives: directives.prefault({}),
    policies: policies.prefault({}),
    introspection_scopes: z
      .array(z.array(z.string().min(1)).min(1))
      .optional()
      .describe(
        'Scopes required for introspection, as in @requiresScopes: `[[a, b], [c]]` is (a and b) or c. Default: none',
      ),
  })
  .describe('Which fields clients may read');

export type AuthorizationSettings = z.output<typeof authorizationSection>;
