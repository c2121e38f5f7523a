import * as z from 'zod';
import { timerDuration } from '../duration.ts';
import { listenAddress } from '../listen.ts';
import { accessLogSection, clientAwarenessSection } from './access-log.ts';
import { tracingSection } from './tracing.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const loggingSection = z
  .strictObject({
    level: z.enum(LOG_LEVELS).default('info').describe('The least severe level that is logged (env: LOG_LEVEL)'),
    format: z
      .enum(['auto', 'json', 'pretty'])
      .default('auto')
      .describe('`auto` is pretty on a terminal and JSON lines elsewhere'),
    summary_interval: timerDuration
      .prefault('10s')
      .describe('A subgraph that keeps failing is logged once, and then once per interval of this length'),
  })
  .describe('The log on standard output');

const prometheusSection = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether metrics are collected, and served on the admin listener'),
    listen: listenAddress
      .optional()
      .describe('Another name for `admin.listen`, the HOST:PORT of the admin listener. Default: 127.0.0.1:9090'),
    path: z
      .string()
      .regex(/^\/[\w./-]*$/, 'expected a path, for example "/metrics"')
      .default('/metrics')
      .describe('The path of the metrics on the admin listener'),
  })
  .describe('Metrics for Prometheus');

const metricsSection = z
  .strictObject({ prometheus: prometheusSection.prefault({}) })
  .describe('Metrics; see docs/telemetry.md');

const exportersSection = z.strictObject({ tracing: tracingSection.prefault({}) }).describe('Where telemetry is sent');

export const telemetrySection = z
  .strictObject({
    logging: loggingSection.prefault({}),
    access_log: accessLogSection.prefault({}),
    client_awareness: clientAwarenessSection.prefault({}),
    metrics: metricsSection.prefault({}),
    exporters: exportersSection.prefault({}),
  })
  .describe('Logs, the access log, metrics and traces');
