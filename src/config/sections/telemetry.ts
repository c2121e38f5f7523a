import * as z from 'zod';
import { duration } from '../duration.ts';
import { headerName } from '../header.ts';
import { listenAddress } from '../listen.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const loggingSection = z
  .strictObject({
    level: z.enum(LOG_LEVELS).default('info').describe('The least severe level that is logged (env: LOG_LEVEL)'),
    format: z
      .enum(['auto', 'json', 'pretty'])
      .default('auto')
      .describe('`auto` is pretty on a terminal and JSON lines elsewhere'),
    summary_interval: duration
      .prefault('10s')
      .describe('A subgraph that keeps failing is logged once, and then in one line for each interval of this length'),
  })
  .describe('The log on standard output');

const prometheusSection = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether metrics are kept, and served at a port of their own'),
    listen: listenAddress
      .prefault('127.0.0.1:9090')
      .describe('HOST:PORT of the admin listener, apart from the clients; port 0 takes any free port'),
    path: z
      .string()
      .regex(/^\/[\w./-]*$/, 'expected a path, for example "/metrics"')
      .default('/metrics')
      .describe('Where the metrics are on it'),
  })
  .describe('Metrics for Prometheus');

const metricsSection = z
  .strictObject({ prometheus: prometheusSection.prefault({}) })
  .describe('What the gateway counts and measures; see docs/telemetry.md');

const accessLogSection = z
  .strictObject({
    client_name_headers: z
      .array(headerName)
      .default(['apollographql-client-name', 'graphql-client-name'])
      .describe(
        'Headers in which clients say their names; the first that a request has counts. Default: apollographql-client-name, graphql-client-name',
      ),
    client_version_headers: z
      .array(headerName)
      .default(['apollographql-client-version', 'graphql-client-version'])
      .describe(
        'Headers in which clients say their versions. Default: apollographql-client-version, graphql-client-version',
      ),
  })
  .describe('The line that is logged for each request: at error for responses of 500 and above, at debug for others');

export const telemetrySection = z
  .strictObject({
    logging: loggingSection.prefault({}),
    access_log: accessLogSection.prefault({}),
    metrics: metricsSection.prefault({}),
  })
  .describe('Logs, the access log and metrics');
