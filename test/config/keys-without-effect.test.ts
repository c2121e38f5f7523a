import { expect, test } from 'vitest';
import { readConfigFile } from '../../src/config/config-file.ts';
import { createGateway } from '../../src/index.ts';
import { folderWith } from '../composition/folder.ts';

/** Returns what is wrong with a config file. */
function problems(yaml: string, env: Record<string, string> = {}): string[] {
  const read = readConfigFile('headgate.yaml', yaml, env);
  return read.ok ? [] : read.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test.each([
  ['file_upload: { max_file_size: 1MiB }', 'file_upload.max_file_size', 'file_upload'],
  ['batching: { maximum_size: 5 }', 'batching.maximum_size', 'batching'],
  ['demand_control: { mode: enforce }', 'demand_control.mode', 'demand_control'],
  ['persisted_queries: { manifest: [m.json] }', 'persisted_queries.manifest', 'persisted_queries'],
  [
    'telemetry: { exporters: { tracing: { otlp: { endpoint: "http://collector:4318" } } } }',
    'telemetry.exporters.tracing.otlp.endpoint',
    'telemetry.exporters.tracing.otlp',
  ],
  [
    'telemetry: { exporters: { metrics: { prometheus: { path: /m } } } }',
    'telemetry.exporters.metrics.prometheus.path',
    'telemetry.exporters.metrics.prometheus',
  ],
])('a key of a section that nobody has switched on is refused: %s', (yaml, key, section) => {
  const last = key.split('.').at(-1) ?? '';
  const column = yaml.indexOf(last) + last.length + 3;
  expect(problems(yaml)).toEqual([`1:${column} ${key}: has no effect without \`${section}.enabled: true\``]);
  for (const enabled of ['true', 'false']) {
    const at = yaml.lastIndexOf('{') + 1;
    expect(problems(`${yaml.slice(0, at)} enabled: ${enabled},${yaml.slice(at)}`)).toEqual([]);
  }
});

test('a section that a variable switches on may leave that out', () => {
  const yaml = 'telemetry: { exporters: { tracing: { otlp: { endpoint: "http://collector:4318" } } } }';
  expect(problems(yaml, { OTEL_TRACES_EXPORTER: 'otlp' })).toEqual([]);
});

test.each([
  'demand_control: { strategy: { static_estimated: { list_size: 5 } } }',
  'telemetry: { exporters: { metrics: { prometheus: { listen: "127.0.0.1:9091" } } } }',
  'file_upload: {}',
])('a key that has an effect all the same is not: %s', (yaml) => {
  expect(problems(yaml)).toEqual([]);
});

test('the config of a program that embeds the gateway is checked, too', async () => {
  const schemas = await folderWith({ 'a.graphql': 'extend schema @subgraph(url: "http://a") type Query { a: Int }' });
  await expect(createGateway({ schemas, config: { file_upload: { max_files: 2 } } })).rejects.toThrow(
    'file_upload.max_files: has no effect without `file_upload.enabled: true`',
  );
});
