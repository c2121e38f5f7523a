import { expect, test } from 'vitest';
import { configFileSchema } from '../../src/config/config.ts';
import { requestTelemetry } from '../../src/gateway/request-telemetry.ts';
import { recordingLogger } from './serving.ts';

test.each([
  ['production', { production: true, dev: false }, 'info'],
  ['headgate dev', { production: false, dev: true }, 'info'],
  ['neither', { production: false, dev: false }, 'debug'],
])('the level of the access log in %s', (_, { production, dev }, level) => {
  const file = configFileSchema.parse({});
  const config = { ...file, supergraph: { ...file.supergraph, introspection: true }, production };
  expect(requestTelemetry(config, dev, recordingLogger().logger).accessLog?.level).toBe(level);
});
