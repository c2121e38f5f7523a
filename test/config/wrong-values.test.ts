import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import * as z from 'zod';
import { clientFileSchema } from '../../src/bff/endpoints/client-file.ts';
import { configFileSchema } from '../../src/config/config.ts';
import { readYamlFile } from '../../src/config/config-file.ts';
import { keyText } from '../../src/config/key-text.ts';
import type { Problem } from '../../src/config/problem.ts';

type Path = readonly (string | number)[];

interface KeySchema {
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly additionalProperties?: KeySchema | boolean;
  readonly items?: KeySchema;
  readonly anyOf?: readonly KeySchema[];
  readonly oneOf?: readonly KeySchema[];
}

/** Names that people choose, where not any name is good. */
const NAMES: Readonly<Record<string, string>> = { 'ip_lists.routes': '/graphql', versions: 'v2' };

/** What must stand beside a key, so that it has a meaning. */
const BESIDE: Readonly<Record<string, object>> = { 'authentication.router.jwt.sources[0]': { type: 'header' } };

/** Every key, with sections, entries of lists and names that people choose. A value that may be anything is left out. */
function pathsOf(schema: KeySchema, path: Path = []): Path[] {
  const { properties = {}, additionalProperties: named, items, anyOf = [], oneOf = [] } = schema;
  return [
    ...(path.length === 0 ? [] : [path]),
    ...Object.entries(properties).flatMap(([key, inner]) => pathsOf(inner, [...path, key])),
    ...(isRecord(named) ? pathsOf(named, [...path, NAMES[keyText(path)] ?? 'NAME']) : []),
    ...(items === undefined ? [] : pathsOf(items, [...path, 0])),
    ...[...anyOf, ...oneOf].flatMap((one) => pathsOf(one, path)),
  ];
}

function isRecord(named: KeySchema | boolean | undefined): named is KeySchema {
  return typeof named === 'object' && Object.keys(named).length > 0;
}

/** Each is wrong for most keys, and is written in one line. */
const WRONG: readonly unknown[] = [7.5, '§ §', true, [], {}];

interface Mistake {
  readonly text: string;
  readonly wrong: unknown;
  readonly problems: readonly Problem[];
}

/** The problems of files with a wrong value at a key, and nothing else. */
function mistakesAt(path: Path, schema: z.ZodType): Mistake[] {
  return WRONG.flatMap((wrong) => {
    const whole = path.reduceRight<unknown>((inner, key, at) => {
      if (typeof key === 'number') return [inner];
      return { ...BESIDE[keyText(path.slice(0, at))], [key]: inner };
    }, wrong);
    const text = stringify(whole);
    const read = readYamlFile('headgate.yaml', text, {}, schema);
    return read.ok ? [] : [{ text, wrong, problems: read.problems }];
  });
}

/** Where the wrong value stands: it is the last thing in the file. */
function placeOfLast(text: string, wrong: unknown): Pick<Problem, 'line' | 'column'> {
  const lines = text.trimEnd().split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').lastIndexOf(stringify(wrong).trimEnd()) + 1 };
}

describe.each<[string, z.ZodType, number]>([
  ['headgate.yaml', configFileSchema, 800],
  ['client.yaml', clientFileSchema, 50],
])('a wrong value in %s', (_, schema, most) => {
  const paths = new Map(
    pathsOf(z.toJSONSchema(schema, { io: 'input' }) as KeySchema).map((path) => [keyText(path), path]),
  );
  const mistakes = new Map([...paths].map(([key, path]) => [key, mistakesAt(path, schema)]));

  test('is refused at every key, with the key, its place, and what was expected', () => {
    expect(paths.size).toBeGreaterThan(most);
    const silent = [...mistakes].filter(([key, found]) => {
      return !found.some(({ text, wrong, problems }) => {
        const place = placeOfLast(text, wrong);
        return problems.some(
          ({ message, line, column }) =>
            message.startsWith(`${key}: `) &&
            /\bexpected |\bknown keys: /i.test(message) &&
            line === place.line &&
            column === place.column,
        );
      });
    });
    // the plugin itself checks its config
    expect(silent.map(([key]) => key).filter((key) => key !== 'plugins[0].config')).toEqual([]);
  });

  test('gets no message that the schema library has generated', () => {
    const messages = [...mistakes.values()].flat().flatMap(({ problems }) => problems.map(({ message }) => message));
    expect(
      messages.filter((message) => /: (?:Invalid|Too |Unrecognized|Expected)|\( ms\)|undefined/.test(message)),
    ).toEqual([]);
    expect(messages.filter((message) => !/^Unknown key "|^\S+: ./.test(message))).toEqual([]);
  });
});

function problemsOf(text: string): string[] {
  const read = readYamlFile('headgate.yaml', text, {}, configFileSchema);
  return read.ok ? [] : read.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test.each([
  [
    'traffic_shaping: { all: { compression: lzma } }',
    '1:40 traffic_shaping.all.compression: expected "gzip", "deflate", "br", "zstd" or "identity"',
  ],
  [
    'telemetry: { exporters: { tracing: { propagation: { zipkin: 3 } } } }',
    '1:61 telemetry.exporters.tracing.propagation.zipkin: expected true or false, "single" or "multi"',
  ],
  [
    'authentication: { router: { jwt: { sources: [{ type: query }] } } }',
    '1:54 authentication.router.jwt.sources[0].type: expected one of "header" or "cookie"',
  ],
  [
    'ip_lists: { routes: { graphql: { deny: [] } } }',
    '1:32 ip_lists.routes.graphql: expected a path such as "/graphql" or "/bff/web"',
  ],
  [
    'coprocessor: { url: "http://127.0.0.1:9", router: { request: { context: some } } }',
    '1:73 coprocessor.router.request.context: expected true or false, "all", "deprecated" or a section of keys',
  ],
  [
    'traffic_shaping: { all: { retry: { backoff: { max: "" } } } }',
    '1:52 traffic_shaping.all.retry.backoff.max: expected a duration such as "500ms", "30s" or "1m30s"',
  ],
])('%s', (text, problem) => {
  expect(problemsOf(text)).toEqual([problem]);
});
