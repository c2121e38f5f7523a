import { expect, test } from 'vitest';
import { configJsonSchema } from '../../src/config/config.ts';

interface KeySchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly additionalProperties?: KeySchema | boolean;
}

/** Each key that holds a value, with its whole path; names that people choose are `NAME`. */
function keysOf(schema: KeySchema, path: readonly string[] = []): [string, KeySchema][] {
  const { properties = {}, additionalProperties: named, description } = schema;
  const own = Object.entries(properties).flatMap(([key, inner]) => keysOf(inner, [...path, key]));
  if (typeof named === 'object')
    return [...own, ...keysOf({ ...(description && { description }), ...named }, [...path, 'NAME'])];
  return schema.properties ? own : [[path.join('.'), schema]];
}

function table(): string {
  const rows = keysOf(configJsonSchema()).map(([path, { description = '', default: value }]) => {
    const byDefault = value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
    return `| \`${path}\` | ${byDefault} | ${description.replaceAll('|', '\\|')} |`;
  });
  return `# Every key of \`headgate.yaml\`

Written by \`npx vitest run test/config -u\` from the sections in \`src/config/sections/\`; what the keys are for:
[configuration.md](configuration.md).

| key | default | |
| --- | --- | --- |
${rows.join('\n')}
`;
}

test('docs/configuration-keys.md lists every key with its default', async () => {
  expect(table()).toContain('| `limits.parser_max_tokens` | `15000` | Most tokens');
  expect(table()).toContain('| `traffic_shaping.subgraphs.NAME.timeout` |');
  await expect(table()).toMatchFileSnapshot('../../docs/configuration-keys.md');
});
