import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { PLAN_STAGES } from '../../src/pipeline/explain.ts';
import { STAGES } from '../../src/pipeline/pipeline.ts';
import { LAYERS } from '../../src/traffic/stack.ts';

const ROOT = join(import.meta.dirname, '../..');
const CONTRIBUTING = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
const LIFECYCLE = readFileSync(join(ROOT, 'docs/request-lifecycle.md'), 'utf8');

/** The cells of all rows of a Markdown table that begins with a column of this name, without the marks of code. */
function tableRows(markdown: string, firstColumn: string): string[][] {
  const lines = markdown.split('\n');
  const head = lines.findIndex((line) => line.startsWith(`| ${firstColumn} |`));
  expect(head, `a table with the column "${firstColumn}"`).toBeGreaterThanOrEqual(0);
  const end = lines.findIndex((line, index) => index > head && !line.startsWith('|'));
  return lines.slice(head + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

function folders(dir: string): string[] {
  const entries = readdirSync(join(ROOT, dir), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Files of `src/` that hold code, without the folder. */
function sourceFiles(...rooms: readonly string[]): string[] {
  return rooms.flatMap((room) =>
    readdirSync(join(ROOT, 'src', room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${room}/${name}`),
  );
}

describe('the map in CONTRIBUTING.md', () => {
  test('has each folder of src/ as a room, and no others', () => {
    const rooms = tableRows(CONTRIBUTING, 'room').map(([room = '']) => room.replace(/\/$/, ''));
    expect(rooms).toEqual(folders('src').sort());
  });

  test('has the stages of the pipeline in their order', () => {
    const line = /<!-- stages -->\n\n(.*)\n/.exec(CONTRIBUTING)?.[1];
    expect(line?.split(' → ')).toEqual(STAGES.map(([name]) => name));
  });

  test('has the stages of planning in their order', () => {
    const names = PLAN_STAGES.map((name) => `\`${name}\``);
    expect(CONTRIBUTING).toContain(`The stages of planning are ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`);
  });
});

describe.each([
  ['CONTRIBUTING.md', CONTRIBUTING],
  ['docs/request-lifecycle.md', LIFECYCLE],
])('%s', (_, markdown) => {
  /** Paths of one file; names with a placeholder or a pattern in them, such as `src/cli/NAME.ts`, are none. */
  const named = [...markdown.matchAll(/[\w.-]+(?:\/[\w.-]+)*\/?/g)]
    .map(([path]) => path)
    .filter((path) => /\/.*\.(?:ts|md|cjs)$/.test(path) && !/[A-Z]{4}\.(?:ts|md)$/.test(path));

  test('names files', () => expect(named.length).toBeGreaterThan(10));

  test('names files that exist', () => {
    const missing = named.filter((path) => !existsSync(join(ROOT, path)) && !existsSync(join(ROOT, 'src', path)));
    expect(missing).toEqual([]);
  });
});

describe('the tables in docs/request-lifecycle.md', () => {
  test('have the middleware of `listMiddleware`, in its order', () => {
    const rows = tableRows(LIFECYCLE, 'middleware');
    expect(rows.map(([name, file]) => [name, file])).toEqual(listedMiddleware());
  });

  test('have the stages of the pipeline, in their order', () => {
    const rows = tableRows(LIFECYCLE, 'stage');
    expect(rows.map(([name, file]) => [name, file])).toEqual(STAGES.map((stage) => [...stage]));
  });

  test('have the layers around a source, in their order', () => {
    const line = /<!-- layers -->\n\n(.*)\n/.exec(LIFECYCLE)?.[1];
    expect(line?.split(' → ')).toEqual(Object.keys(LAYERS));
  });

  test('have every problem of endpoints that a step can give', () => {
    const [, section = ''] = /## Endpoints\n(.*?)\n## /s.exec(LIFECYCLE) ?? [];
    const named = [...section.matchAll(/`([a-z]+(?:-[a-z]+)*)`/g)].map(([, kind]) => kind ?? '');
    const given = problemsIn(sourceFiles('bff/handlers', 'bff/idempotency'));
    expect(given.size).toBeGreaterThan(10);
    expect([...given].filter((kind) => !named.includes(kind))).toEqual([]);
  });

  test('have every error code that a step can give', () => {
    const thrown = codesIn(sourceFiles('http', 'graphql-http', 'pipeline'));
    expect(thrown.size).toBeGreaterThan(15);
    expect([...thrown].filter((code) => !LIFECYCLE.includes(`\`${code}\``))).toEqual([]);
  });

  test('have no error code that is not in the code', () => {
    const sources = sourceFiles(...folders('src')).map((file) => readFileSync(join(ROOT, 'src', file), 'utf8'));
    const codes = [...LIFECYCLE.matchAll(/`([A-Z]+_[A-Z_]+|FORBIDDEN|OVERLOADED|UNAUTHENTICATED)`/g)].map(
      ([, code]) => code,
    );
    expect(codes.length).toBeGreaterThan(40);
    expect(codes.filter((code) => !sources.some((text) => text.includes(`'${code}'`)))).toEqual([]);
  });
});

/** Codes of `GatewayError`s and of formatted errors, as files write them. */
function codesIn(files: readonly string[]): Set<string> {
  const codes = files.flatMap((file) => {
    const text = readFileSync(join(ROOT, 'src', file), 'utf8');
    return [...text.matchAll(/new GatewayError\([\w.]+, '([A-Z_]+)'|\bcode: '([A-Z_]+)'/g)];
  });
  return new Set(codes.map(([, thrown, formatted]) => thrown ?? formatted ?? ''));
}

/** Kinds of problem details, as files write them. */
function problemsIn(files: readonly string[]): Set<string> {
  const kinds = files.flatMap((file) => {
    const text = readFileSync(join(ROOT, 'src', file), 'utf8');
    return [...text.matchAll(/\bstatus: \d+, kind: '([a-z-]+)'/g)].map(([, kind]) => kind ?? '');
  });
  return new Set(kinds);
}

/** Name and file of each entry of the list that `listMiddleware` returns. */
function listedMiddleware(): [string, string][] {
  const path = 'http/middleware/middleware.ts';
  const source = ts.createSourceFile(path, readFileSync(join(ROOT, 'src', path), 'utf8'), ts.ScriptTarget.Latest, true);
  // these are handed in, since the room of HTTP does not import their rooms
  const files = new Map([
    ['graphiql', 'graphql-http/graphiql.ts'],
    ['callbacks', 'gateway/callback-route.ts'],
  ]);
  /** Variables that hold a middleware, with what made it. */
  const made = new Map<string, string>();
  let list: ts.ArrayLiteralExpression | undefined;
  const look = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const bindings = node.importClause?.namedBindings;
      if (bindings && ts.isNamedImports(bindings))
        for (const { name } of bindings.elements)
          files.set(name.text, node.moduleSpecifier.text.replace(/^\.\//, 'http/middleware/'));
    }
    if (ts.isVariableDeclaration(node) && node.initializer && ts.isCallExpression(node.initializer))
      made.set(node.name.getText(), node.initializer.expression.getText());
    if (ts.isReturnStatement(node) && node.expression && ts.isArrayLiteralExpression(node.expression))
      list = node.expression;
    ts.forEachChild(node, look);
  };
  look(source);
  return (list?.elements ?? []).map((element) => {
    const name = middlewareName(element);
    const maker = made.get(name) ?? name;
    return [maker, files.get(maker) ?? '?'];
  });
}

/** `login && session(login, …)` is `session`, `options.graphiql` is `graphiql`. */
function middlewareName(node: ts.Expression): string {
  if (ts.isBinaryExpression(node)) return middlewareName(node.right);
  if (ts.isCallExpression(node)) return middlewareName(node.expression);
  return ts.isPropertyAccessExpression(node) ? node.name.text : node.getText();
}
