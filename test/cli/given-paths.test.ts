import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { UsageError } from '../../src/cli/failure.ts';
import { checkGivenPaths, checkStdin } from '../../src/cli/given-paths.ts';

/** What is said about the options of a command, without the folder of the test; `undefined` if they are good. */
function problemOf(command: string, options: Readonly<Record<string, string | true>>): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-paths-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, 'folder'));
  writeFileSync(join(dir, 'empty'), '');
  writeFileSync(join(dir, 'full'), 'text');
  const inDir = (value: string | true) =>
    typeof value === 'string' && /^[a-z]+(?:\/[a-z]+)?$/.test(value) ? join(dir, value) : value;
  try {
    checkGivenPaths(command, Object.fromEntries(Object.entries(options).map(([name, value]) => [name, inDir(value)])));
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message.replaceAll(`${dir}/`, '');
  }
}

test.each([
  ['plan', 'query'],
  ['limits', 'query'],
  ['explain', 'query'],
  ['explain', 'response'],
  ['check', 'against'],
  ['check', 'usage'],
  ['plan', 'supergraph'],
  ['start', 'supergraph'],
  ['init rest', 'openapi'],
  ['usage', 'file'],
  ['keys list', 'file'],
  ['keys revoke', 'file'],
])('headgate %s --%s takes a file that has something in it', (command, name) => {
  expect(problemOf(command, { [name]: 'absent' })).toBe(`--${name}: file not found: absent`);
  expect(problemOf(command, { [name]: 'nowhere/absent' })).toBe(
    `--${name}: folder not found: nowhere, for nowhere/absent`,
  );
  expect(problemOf(command, { [name]: 'folder' })).toBe(`--${name}: folder is a folder; expected a file`);
  expect(problemOf(command, { [name]: 'empty' })).toMatch(new RegExp(`^--${name}: empty is empty; expected \\S`));
  expect(problemOf(command, { [name]: 'full/absent' })).toMatch(`--${name}: full/absent is not a folder`);
  expect(problemOf(command, { [name]: 'full' })).toBeUndefined();
});

test.each(['start', 'validate', 'plugins list', 'debug-token'])(
  'headgate %s --config takes a file, also an empty one',
  (command) => {
    expect(problemOf(command, { config: 'absent' })).toBe('--config: file not found: absent');
    expect(problemOf(command, { config: 'folder' })).toBe('--config: folder is a folder; expected a file');
    expect(problemOf(command, { config: 'empty' })).toBeUndefined();
  },
);

test.each([
  ['compose', 'schemas'],
  ['start', 'bff'],
])('headgate %s --%s takes a folder', (command, name) => {
  expect(problemOf(command, { [name]: 'absent' })).toBe(`--${name}: folder not found: absent`);
  expect(problemOf(command, { [name]: 'full' })).toBe(`--${name}: full is a file; expected a folder`);
  expect(problemOf(command, { [name]: 'folder' })).toBeUndefined();
});

test.each([
  ['compose', 'out'],
  ['init rest', 'out'],
  ['keys create', 'file'],
])('headgate %s --%s takes a file that can be written', (command, name) => {
  expect(problemOf(command, { [name]: 'nowhere/new' })).toBe(`--${name}: folder not found: nowhere, for nowhere/new`);
  expect(problemOf(command, { [name]: 'full/new' })).toBe(`--${name}: full is a file; expected a folder`);
  expect(problemOf(command, { [name]: 'folder' })).toBe(`--${name}: folder is a folder; expected a file`);
  expect(problemOf(command, { [name]: 'folder/new' })).toBeUndefined();
  expect(problemOf(command, { [name]: 'full' })).toBeUndefined();
});

test('URLs, standard input, and options that are no paths are left to the command', () => {
  expect(problemOf('check', { usage: 'http://127.0.0.1:9090' })).toBeUndefined();
  expect(problemOf('check', { usage: true })).toBeUndefined();
  expect(problemOf('init rest', { openapi: 'https://api.example/openapi.json' })).toBeUndefined();
  expect(problemOf('plan', { query: '-', operation: 'absent' })).toBeUndefined();
  expect(problemOf('bff types', { out: 'nowhere/new' })).toBeUndefined();
});

test('standard input must not be empty', () => {
  expect(checkStdin('query', '{ me }')).toBe('{ me }');
  expect(() => checkStdin('query', ' \n')).toThrow('--query: standard input is empty; expected an operation');
});
