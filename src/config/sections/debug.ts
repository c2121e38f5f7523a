import * as z from 'zod';

export const debugSection = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'Whether requests may have a debug trace (`x-headgate-debug: trace`): in `headgate dev` always, elsewhere with a token',
      ),
    token_secret: z
      .string()
      .min(32, 'expected at least 32 characters')
      .optional()
      .describe(
        'The secret that signs the tokens of `headgate debug-token`. Without it, no request has a debug trace outside `headgate dev`',
      ),
  })
  .describe('Debug traces: why is this null? See docs/debugging.md');

export type DebugSettings = z.output<typeof debugSection>;
