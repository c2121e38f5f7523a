import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
  ATTR_URL_PATH,
  ATTR_URL_SCHEME,
} from '@opentelemetry/semantic-conventions';

/** The names of attributes: those of OpenTelemetry's semantic conventions, else those of Apollo Router, else our own. */
export const ATTRIBUTES = {
  method: ATTR_HTTP_REQUEST_METHOD,
  originalMethod: ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  resendCount: ATTR_HTTP_REQUEST_RESEND_COUNT,
  status: ATTR_HTTP_RESPONSE_STATUS_CODE,
  route: ATTR_HTTP_ROUTE,
  protocolVersion: ATTR_NETWORK_PROTOCOL_VERSION,
  serverAddress: ATTR_SERVER_ADDRESS,
  serverPort: ATTR_SERVER_PORT,
  urlFull: ATTR_URL_FULL,
  urlPath: ATTR_URL_PATH,
  urlScheme: ATTR_URL_SCHEME,
  errorType: ATTR_ERROR_TYPE,
  // not stable yet
  urlTemplate: 'url.template',
  operationName: 'graphql.operation.name',
  operationType: 'graphql.operation.type',
  document: 'graphql.document',
  // of Apollo Router
  subgraph: 'subgraph.name',
  clientName: 'client.name',
  clientVersion: 'client.version',
  // our own
  requestId: 'headgate.request_id',
  endpoint: 'headgate.endpoint',
  errorCodes: 'headgate.error_codes',
  hedge: 'headgate.hedge',
  cancelled: 'headgate.cancelled',
  payloadLabel: 'headgate.payload.label',
  payloadPath: 'headgate.payload.path',
} as const;
