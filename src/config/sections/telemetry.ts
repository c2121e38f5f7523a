import * as z from 'zod';

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

export const telemetrySection = z
  .strictObject({ logging: loggingSection.prefault({}) })
  .describe('What the gateway tells about itself');
