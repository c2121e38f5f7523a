import * as z from 'zod';

export const healthCheckSection = z
  .strictObject({ enabled: z.boolean().default(true).describe('Whether /health and /ready are served') })
  .describe('Liveness and readiness routes');
