import * as z from 'zod';
import { listenAddress } from '../listen.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const loggingSection = z
  .strictObject({
    level: z.enum(LOG_LEVELS).default('info').describe('The least severe level that is logged (env: LOG_LEVEL)'),
    format: z
      .enum(['auto', 'json', 'pretty'])
      .default('auto')
      .describe('`auto` is pretty on a terminal and JSON lines elsewhere'),
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

export const telemetrySection = z
  .strictObject({ logging: loggingSection.prefault({}), metrics: metricsSection.prefault({}) })
  .describe('What the gateway tells about itself');
