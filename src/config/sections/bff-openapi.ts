import * as z from 'zod';

const url = z.url({ protocol: /^https?$/, message: 'expected an http:// or https:// URL' });

/** A path, or an absolute URL to which paths can be added. */
function isServerUrl(text: string): boolean {
  if (text.startsWith('/')) return true;
  return /^https?:\/\//.test(text) && URL.canParse(text) && !text.endsWith('/');
}

const contact = z
  .strictObject({
    name: z.string().optional(),
    url: url.optional(),
    email: z.email('expected an email address, such as "team@shop.example"').optional(),
  })
  .describe('The contact for questions');

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
    .describe('The URL of the gateway for clients, without /bff'),
  description: z.string().optional(),
});

const scheme = z
  .looseObject({ type: z.enum(['apiKey', 'http', 'mutualTLS', 'oauth2', 'openIdConnect']) })
  .describe('A Security Scheme Object of OpenAPI');

/** The schemes that every document has. Session schemes belong to single clients. */
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
      .describe('URLs of the gateway for clients. Default: where the document is served'),
    security_schemes: z
      .record(z.string().regex(/^[\w.-]+$/, 'expected letters, digits and "._-"'), scheme)
      .optional()
      .describe('By name; added to `bearer`, `apiKey`, `session` and `certificate`, or replacing them'),
    security: z
      .array(requirement)
      .optional()
      .describe(
        'Security requirements of endpoints that are public in the gateway itself, for example behind an authenticating proxy',
      ),
  })
  .superRefine(({ security = [], security_schemes = {} }, context) => {
    for (const [index, one] of security.entries()) {
      for (const name of Object.keys(one)) {
        if (OWN_SCHEMES.includes(name) || Object.hasOwn(security_schemes, name)) continue;
        const known = [...OWN_SCHEMES, ...Object.keys(security_schemes)].join(', ');
        const message = `unknown security scheme; expected one of ${known}`;
        context.addIssue({ code: 'custom', path: ['security', index, name], message });
      }
    }
  })
  .describe('Additions to the OpenAPI documents of endpoints');
