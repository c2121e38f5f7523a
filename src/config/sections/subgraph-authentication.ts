import * as z from 'zod';
import { duration } from '../duration.ts';

/** Parts of a request that are no headers (RFC 9421, section 2.2). */
const DERIVED = /^@(?:method|target-uri|authority|scheme|request-target|path|query)$/;
const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const component = z
  .string()
  .refine(
    (name) => DERIVED.test(name) || HEADER.test(name),
    'expected the name of a header, "@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path" or "@query"',
  )
  .refine((name) => !/^signature(?:-input)?$/i.test(name), 'cannot be signed: it has the signature')
  .transform((name) => name.toLowerCase());

const signature = z
  .strictObject({
    key: z.string().min(1).optional().describe('The secret that the subgraph knows, too'),
    key_file: z
      .string()
      .min(1)
      .optional()
      .describe('A file with the secret, without its last line break. Changes are picked up'),
    key_encoding: z.enum(['utf8', 'base64']).default('utf8').describe('How the secret is written'),
    key_id: z
      .string()
      .regex(/^[\x20-\x7e]+$/, 'expected printable ASCII text')
      .optional()
      .describe('The name of the key, in the parameter `keyid`. Default: the parameter is left out'),
    components: z
      .array(component)
      .min(1)
      .refine((names) => new Set(names).size === names.length, 'expected each component once')
      .default(['@method', '@authority', '@path', '@query', 'content-type', 'content-digest'])
      .describe(
        'What is signed; headers only if the request has them. Default: @method, @authority, @path, @query, content-type, content-digest',
      ),
    expires_in: duration
      .optional()
      .describe('How long a signature is valid, in the parameter `expires`. Default: the parameter is left out'),
  })
  .superRefine(({ key, key_file }, context) => {
    if ((key === undefined) === (key_file === undefined))
      context.addIssue({ code: 'custom', path: ['key'], message: 'expected either `key` or `key_file`' });
  })
  .describe('Signs each request with HMAC-SHA-256 (RFC 9421). Those of `all` do not apply to REST APIs');

const toSubgraph = z.strictObject({
  http_message_signature: z.union([signature, z.literal(false)], 'expected settings, or false for off').optional(),
});

export const subgraphAuthenticationSection = z
  .strictObject({ all: toSubgraph.optional(), subgraphs: z.record(z.string(), toSubgraph).default({}) })
  .describe('How the gateway authenticates to subgraphs');

export type SignatureSettings = z.output<typeof signature>;
export type SubgraphAuthentication = z.output<typeof subgraphAuthenticationSection>;

/** The settings for one subgraph, with their key. */
export interface KeyedSignature {
  readonly key: string;
  readonly settings: SignatureSettings;
}

/** Returns the settings of one subgraph, or those of `all`; `undefined` where requests are not signed. */
export function signatureOf(section: SubgraphAuthentication | undefined, name: string): KeyedSignature | undefined {
  const own = section && Object.hasOwn(section.subgraphs, name) ? section.subgraphs[name] : undefined;
  const settings = own?.http_message_signature ?? section?.all?.http_message_signature;
  if (settings === undefined || settings === false) return undefined;
  const place = own?.http_message_signature === undefined ? 'all' : `subgraphs.${name}`;
  return { key: `authentication.subgraph.${place}.http_message_signature`, settings };
}

/** Returns the settings of one subgraph itself, without those of `all`. */
export function ownSignatureOf(section: SubgraphAuthentication | undefined, name: string): KeyedSignature | undefined {
  const hasOwn = section !== undefined && Object.hasOwn(section.subgraphs, name);
  return hasOwn && section.subgraphs[name]?.http_message_signature ? signatureOf(section, name) : undefined;
}
