import { expect, test } from 'vitest';
import { configJsonSchema } from '../../src/config/config.ts';

interface KeySchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly additionalProperties?: KeySchema | boolean;
  readonly items?: KeySchema;
  /** The alternatives of a union. */
  readonly anyOf?: readonly KeySchema[];
}

/** Each key that holds a value, with its whole path; names that people choose are `NAME`, keys of list entries come after `[]`. */
function keysOf(schema: KeySchema, path: readonly string[] = []): [string, KeySchema][] {
  const { properties = {}, additionalProperties: named, description } = schema;
  const own = Object.entries(properties).flatMap(([key, inner]) => keysOf(inner, [...path, key]));
  if (typeof named === 'object')
    return [...own, ...keysOf({ ...(description && { description }), ...named }, [...path, 'NAME'])];
  const group = schema.anyOf?.find(({ properties }) => properties);
  if (group) return [[path.join('.'), { ...group, ...schema }], ...keysOf(group, path)];
  if (schema.properties) return own;
  const { items } = schema;
  const entries = items?.properties ? keysOf(items, [...path.slice(0, -1), `${path.at(-1)}[]`]) : [];
  return [[path.join('.'), schema], ...entries];
}

function table(): string {
  const rows = keysOf(configJsonSchema()).map(([path, { description = '', default: value }]) => {
    const byDefault = value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
    return `| \`${path}\` | ${byDefault} | ${description.replaceAll('|', '\\|')} |`;
  });
  return `# Every key of \`headgate.yaml\`

Written by \`npx vitest run test/config -u\` from the sections in \`src/config/sections/\`; what the keys are for:
[configuration.md](configuration.md). \`NAME\` stands for a name of your own, \`[]\` for each entry of a list.

| key | default | |
| --- | --- | --- |
${rows.join('\n')}
`;
}

test('docs/configuration-keys.md lists every key with its default', async () => {
  expect(table()).toContain('| `limits.parser_max_tokens` | `15000` | Most tokens');
  expect(table()).toContain('| `traffic_shaping.subgraphs.NAME.timeout` |');
  expect(table()).toContain('| `websocket.headers` | `["authorization"]` |');
  expect(table()).toContain('| `cors.policies[].origins` |');
  await expect(table()).toMatchFileSnapshot('../../docs/configuration-keys.md');
});
