import * as z from 'zod';

const pem = z.string().min(1);

const listener = z
  .strictObject({
    certificate: pem.describe('The server certificate with its chain: a PEM file, or the PEM text'),
    key: pem.describe('Its private key: a PEM file, or the PEM text'),
    client_ca: pem
      .optional()
      .describe('Authorities that client certificates may be signed by: a PEM file, or the PEM text'),
    require_client_certificate: z
      .boolean()
      .default(false)
      .describe('Whether connections without a valid client certificate are rejected'),
    min_version: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2'),
  })
  .refine((tls) => !tls.require_client_certificate || tls.client_ca !== undefined, {
    path: ['require_client_certificate'],
    message: 'needs `client_ca`: the authorities that sign client certificates',
  })
  .describe('HTTPS on the port for clients');

const toSubgraph = z.strictObject({
  certificate_authorities: pem
    .optional()
    .describe(
      'Authorities that may sign certificates of the subgraph, instead of the usual ones: a PEM file, or the PEM text',
    ),
  client_authentication: z
    .strictObject({
      certificate_chain: pem.describe('The certificate of the gateway, with its chain: a PEM file, or the PEM text'),
      key: pem.describe('Its private key: a PEM file, or the PEM text'),
    })
    .optional(),
});

/** TLS of connections to something that is no subgraph. */
export const clientTls = z.strictObject({
  certificate_authorities: pem
    .optional()
    .describe('Authorities that may sign its certificates, instead of the usual ones: a PEM file, or the PEM text'),
  client_authentication: toSubgraph.shape.client_authentication,
});

const subgraph = z
  .strictObject({ all: toSubgraph.optional(), subgraphs: z.record(z.string(), toSubgraph).default({}) })
  .describe('Connections to subgraphs over https. Files that change are read again');

export const tlsSection = z
  .strictObject({ supergraph: listener.optional(), subgraph: subgraph.optional() })
  .describe('TLS');

export type SubgraphTls = z.output<typeof toSubgraph>;
type TlsSection = z.output<typeof tlsSection>;

/** Returns the settings of one subgraph, its own over `all`, and their key; `undefined` without any. */
export function tlsOfSubgraph(
  { subgraph }: TlsSection,
  name: string,
): { key: string; settings: SubgraphTls } | undefined {
  const own = subgraph && Object.hasOwn(subgraph.subgraphs, name) ? subgraph.subgraphs[name] : undefined;
  if (own === undefined && subgraph?.all === undefined) return undefined;
  const key = own === undefined ? 'tls.subgraph.all' : `tls.subgraph.subgraphs.${name}`;
  return { key, settings: { ...subgraph?.all, ...own } };
}

export type ListenerTls = z.output<typeof listener>;
