import { describe, expect, test } from 'vitest';
import { configJsonSchema } from '../../src/config/config.ts';
import { placeOfKey, readConfigFile } from '../../src/config/config-file.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { RENAMED_KEYS, renameKeys } from '../../src/config/renamed-keys.ts';

/** The config of a good file, or its problems as text. */
function read(yaml: string) {
  const result = readConfigFile('headgate.yaml', yaml, {});
  return result.ok ? result : result.problems.map(formatProblem).join('\n');
}

interface KeySchema {
  readonly properties?: Readonly<Record<string, KeySchema>>;
}

function schemaAt(path: string): KeySchema | undefined {
  return path
    .split('.')
    .reduce<KeySchema | undefined>((schema, step) => schema?.properties?.[step], configJsonSchema() as KeySchema);
}

test.each([...RENAMED_KEYS])('%s is now %s', (old, current) => {
  expect(schemaAt(old)).toBeUndefined();
  expect(schemaAt(current)).toBeDefined();
});

describe('an old key', () => {
  test('sets what the new one sets, and is reported', () => {
    const old = read('traffic_shaping:\n  router: { max_answers_in_memory: 5, timeout: 3s }\n');
    expect(old).toMatchObject({
      ok: true,
      config: { traffic_shaping: { router: { max_response_characters: 5, timeout: 3000 } } },
      renamed: [
        {
          from: ['traffic_shaping', 'router', 'max_answers_in_memory'],
          to: ['traffic_shaping', 'router', 'max_response_characters'],
        },
      ],
    });
    const current = read('traffic_shaping:\n  router: { max_response_characters: 5, timeout: 3s }\n');
    expect(current).toEqual({ ...(old as object), renamed: [] });
  });

  test('stays what it is in another section, even one that is the same object', () => {
    const shared = { old: 1 };
    const { value } = renameKeys({ first: shared, second: shared }, new Map([['first.old', 'first.current']]));
    expect(value).toEqual({ first: { current: 1 }, second: { old: 1 } });
  });

  test('without a value counts as not written', () => {
    expect(read('override_labels: { percent_by: }')).toMatchObject({ ok: true, renamed: [] });
  });

  test('with a bad value is named as it is written', () => {
    expect(read('override_labels:\n  percent_by: "no header"\n')).toBe(
      'headgate.yaml:2:15  INVALID_CONFIG  override_labels.percent_by: expected the name of a header',
    );
  });

  test('beside the new key is an error that names both', () => {
    expect(read('override_labels:\n  percent_header: x-user\n  percent_by: x-other\n  lables: {}\n')).toBe(
      'headgate.yaml:3:3  CONFLICTING_KEYS  "override_labels.percent_by" and "override_labels.percent_header" are the old and the new name of one key.\n' +
        '    hint: Keep "override_labels.percent_header" and remove the other.\n' +
        'headgate.yaml:4:3  UNKNOWN_CONFIG_KEY  Unknown key "override_labels.lables".\n' +
        '    hint: Did you mean "override_labels.labels"?',
    );
  });

  test('is found where a new key is looked for', () => {
    const yaml = 'override_labels:\n  percent_by: x-user\n';
    expect(placeOfKey(yaml, ['override_labels', 'percent_header'])).toEqual({ line: 2, column: 3 });
  });
});

test('a whole section can move, and the input stays as it was', () => {
  const config = { telemetry: { old: { port: 1 } } };
  const renames = new Map([['telemetry.old', 'admin.metrics']]);
  expect(renameKeys(config, renames).value).toEqual({ telemetry: {}, admin: { metrics: { port: 1 } } });
  expect(config).toEqual({ telemetry: { old: { port: 1 } } });
});
