import * as z from 'zod';

const url = z.url({ protocol: /^https?$/, message: 'expected an http:// or https:// URL' });

/** A path, or an absolute URL to which paths can be added. */
function isServerUrl(text: string): boolean {
  if (text.startsWith('/')) return true;
  return /^https?:\/\//.test(text) && URL.canParse(text) && !text.endsWith('/');
}

const contact = z
  .strictObject({ name: z.string().optional(), url: url.optional(), email: z.email('expected an address').optional() })
  .describe('Whom to ask');

const license = z
  .strictObject({
    name: z.string(),
    identifier: z.string().optional().describe('An SPDX license expression such as "Apache-2.0"'),
    url: url.optional(),
  })
  .refine(({ identifier, url: link }) => identifier === undefined || link === undefined, {
    message: 'OpenAPI allows `identifier` or `url`, not both',
  });

const server = z.strictObject({
  url: z
    .string()
    .refine(isServerUrl, 'expected "https://api.example.com", without a "/" at the end, or a path')
    .describe('Where clients find the gateway, without /bff'),
  description: z.string().optional(),
});

const scheme = z
  .looseObject({ type: z.enum(['apiKey', 'http', 'mutualTLS', 'oauth2', 'openIdConnect']) })
  .describe('A Security Scheme Object of OpenAPI');

/** The schemes that every document knows. Sessions are those of single clients. */
const OWN_SCHEMES = ['bearer', 'apiKey', 'certificate'];

const requirement = z.record(z.string(), z.array(z.string())).describe('A scheme and its scopes');

export const openApiSection = z
  .strictObject({
    title: z.string().min(1).optional().describe('Default: "Endpoints of CLIENT"'),
    version: z.string().min(1).optional().describe('The version of your API. Default: "1"'),
    description: z.string().min(1).optional(),
    contact: contact.optional(),
    license: license.optional().describe('Default: "Proprietary"'),
    servers: z
      .array(server)
      .min(1)
      .optional()
      .describe('Where clients find the gateway. Default: where the document is'),
    security_schemes: z
      .record(z.string().regex(/^[\w.-]+$/, 'expected letters, digits and "._-"'), scheme)
      .optional()
      .describe('By name, beside `bearer`, `apiKey`, `session` and `certificate` or in their place'),
    security: z
      .array(requirement)
      .optional()
      .describe(
        'What is needed for endpoints that the gateway itself answers to everyone, such as for a proxy before it',
      ),
  })
  .superRefine(({ security = [], security_schemes = {} }, context) => {
    for (const [index, one] of security.entries()) {
      for (const name of Object.keys(one)) {
        if (OWN_SCHEMES.includes(name) || Object.hasOwn(security_schemes, name)) continue;
        const known = [...OWN_SCHEMES, ...Object.keys(security_schemes)].join(', ');
        const message = `there is no security scheme of this name; there are: ${known}`;
        context.addIssue({ code: 'custom', path: ['security', index, name], message });
      }
    }
  })
  .describe('What OpenAPI documents say beside the endpoints');
