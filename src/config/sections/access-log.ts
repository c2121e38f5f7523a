import * as z from 'zod';
import { headerName } from '../header.ts';
import { share } from '../share.ts';

/** The fields that a line of the access log may have, in their order. */
export const ACCESS_FIELDS = [
  'requestId',
  'traceId',
  'route',
  'endpoint',
  'method',
  'path',
  'query',
  'ip',
  'operation',
  'operationType',
  'operationHash',
  'client',
  'clientVersion',
  'user',
  'subject',
  'status',
  'durationMs',
  'errorCodes',
  'subgraphErrors',
  'failedSubgraphs',
  'subgraphs',
  'cache',
  'bytesIn',
  'bytesOut',
  'phases',
  'reason',
] as const;
export type AccessField = (typeof ACCESS_FIELDS)[number];

const DEFAULT_FIELDS: readonly AccessField[] = [
  'requestId',
  'traceId',
  'endpoint',
  'method',
  'path',
  'operation',
  'operationType',
  'client',
  'clientVersion',
  'status',
  'durationMs',
  'errorCodes',
  'subgraphErrors',
  'failedSubgraphs',
  'reason',
];

const redactSection = z
  .strictObject({
    headers: z
      .array(headerName)
      .default([])
      .describe('Headers whose values are not logged, beside those that have credentials'),
    query_parameters: z
      .array(z.string().min(1))
      .default([])
      .describe('Parameters of URLs whose values are not logged, beside those that have credentials or variables'),
  })
  .describe('Values that the line has as [redacted]');

export const accessLogSection = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether requests are logged'),
    level: z
      .enum(['debug', 'info'])
      .optional()
      .describe(
        'The level of lines without an error. Default: info in `headgate dev` and with NODE_ENV=production, debug otherwise',
      ),
    fields: z
      .array(z.enum(ACCESS_FIELDS))
      .default([...DEFAULT_FIELDS])
      .describe(`The fields of a line. Default: ${DEFAULT_FIELDS.join(', ')}`),
    request_headers: z
      .array(headerName)
      .default([])
      .describe('Headers of the request that the line has under "headers". Default: none'),
    sampling: share
      .prefault('100%')
      .describe('The share of requests that is logged. Requests with an error are always logged'),
    health_checks: z
      .boolean()
      .default(false)
      .describe('Whether successful health checks are logged at that level, too. Default: at debug only'),
    user_hash_key: z
      .string()
      .min(16, 'expected a secret with at least 16 characters')
      .optional()
      .describe('The secret key of the hash in the field "user", which needs it'),
    redact: redactSection.prefault({}),
  })
  .superRefine(({ fields, user_hash_key }, context) => {
    if (!fields.includes('user') || user_hash_key !== undefined) return;
    const message = 'required for the field "user", the keyed hash of the subject. Set a secret of your own';
    context.addIssue({ code: 'custom', path: ['user_hash_key'], message });
  })
  .describe('The line that is logged for each request: at error for responses of 500 and above');

export const clientAwarenessSection = z
  .strictObject({
    name_headers: z
      .array(headerName)
      .default(['apollographql-client-name', 'graphql-client-name'])
      .describe(
        'Headers with the name of the client; the first one in a request is used. Default: apollographql-client-name, graphql-client-name',
      ),
    version_headers: z
      .array(headerName)
      .default(['apollographql-client-version', 'graphql-client-version'])
      .describe(
        'Headers with the version of the client. Default: apollographql-client-version, graphql-client-version',
      ),
    required: z
      .boolean()
      .default(false)
      .describe('Whether requests without the name of a client get 400 CLIENT_NAME_REQUIRED'),
    version_required: z
      .boolean()
      .default(false)
      .describe('Whether requests without the version of a client get 400 CLIENT_VERSION_REQUIRED'),
  })
  .superRefine(({ required, name_headers, version_required, version_headers }, context) => {
    const message = 'expected the name of a header, since clients must send it';
    if (required && name_headers.length === 0) context.addIssue({ code: 'custom', path: ['name_headers'], message });
    if (version_required && version_headers.length === 0)
      context.addIssue({ code: 'custom', path: ['version_headers'], message });
  })
  .describe('How clients name themselves');
