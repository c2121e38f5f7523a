import { expect, test } from 'vitest';
import { configJsonSchema } from '../../src/config/config.ts';

test('the JSON schema describes what may be written, with its defaults', () => {
  expect(configJsonSchema()).toMatchObject({
    title: 'headgate.yaml',
    type: 'object',
    additionalProperties: false,
    properties: {
      supergraph: { properties: { listen: { type: 'string', default: '127.0.0.1:4000' } } },
      traffic_shaping: { properties: { all: { properties: { timeout: { type: 'string', default: '30s' } } } } },
      limits: { properties: { parser_max_tokens: { type: 'integer', default: 15_000 } } },
    },
  });
  expect(configJsonSchema()).not.toHaveProperty('required');
});
