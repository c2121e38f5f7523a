import * as z from 'zod';
import { timerDuration } from '../duration.ts';

export const pluginsSection = z
  .array(
    z.strictObject({
      path: z.string().min(1).describe('The file of the plugin, JavaScript or TypeScript; relative to the config file'),
      config: z.unknown().optional().describe('Settings of the plugin, which its configSchema checks'),
      timeout: timerDuration.prefault('5s').describe('How long an async hook may take'),
      on_error: z
        .enum(['fail', 'ignore'])
        .default('fail')
        .describe(
          'fail: a hook that fails is the error PLUGIN_FAILED of its request; ignore: the failure is only logged',
        ),
    }),
  )
  .describe('Plugins, in the order in which their hooks are called');

export type PluginSection = z.output<typeof pluginsSection>[number];
