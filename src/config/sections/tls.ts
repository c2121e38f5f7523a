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

export const tlsSection = z.strictObject({ supergraph: listener.optional() }).describe('TLS');

export type ListenerTls = z.output<typeof listener>;
