import * as z from 'zod';
import { timerDuration } from '../duration.ts';
import { accessLogSection, clientAwarenessSection } from './access-log.ts';
import { metricExportersSection, metricsSection } from './metrics.ts';
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

const exportersSection = z
  .strictObject({ metrics: metricExportersSection.prefault({}), tracing: tracingSection.prefault({}) })
  .describe('Where telemetry is sent');

export const telemetrySection = z
  .strictObject({
    logging: loggingSection.prefault({}),
    access_log: accessLogSection.prefault({}),
    client_awareness: clientAwarenessSection.prefault({}),
    exporters: exportersSection.prefault({}),
    metrics: metricsSection.prefault({}),
  })
  .superRefine(({ exporters, metrics }, context) => {
    if (exporters.metrics.prometheus === undefined || metrics.prometheus === undefined) return;
    const message =
      'cannot be used together with `telemetry.exporters.metrics.prometheus`: they are two names of one section';
    context.addIssue({ code: 'custom', path: ['metrics', 'prometheus'], message });
  })
  .describe('Logs, the access log, metrics and traces');
