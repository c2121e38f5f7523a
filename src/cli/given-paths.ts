import { accessSync, constants, existsSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { explainSystem, UsageError } from './failure.ts';
import { originOf } from './schema-source.ts';

/**
 * What the path of an option must be. `text`: a file with something in it; `file`: one that may be empty; `output`: a file that can be
 * written. The text says what is expected in it.
 */
type Expected = readonly ['text' | 'file' | 'folder' | 'output', string?];

const OPERATION = 'an operation';
const SUPERGRAPH = 'the output of `headgate compose`';

const OPTIONS: Readonly<Record<string, Expected>> = {
  query: ['text', OPERATION],
  response: ['text', 'a response with a debug trace'],
  against: ['text', SUPERGRAPH],
  supergraph: ['text', SUPERGRAPH],
  openapi: ['text', 'an OpenAPI document'],
  usage: ['text', 'the output of `headgate usage --format json`'],
  config: ['file'],
  schemas: ['folder'],
  bff: ['folder'],
  out: ['output'],
};

/** Options that mean something else for one command. */
const OF_COMMANDS: Readonly<Record<string, Readonly<Record<string, Expected | undefined>>>> = {
  usage: { file: ['text', 'the output of `headgate usage --format json`'] },
  'keys list': { file: ['text', 'the keys that `headgate keys create` has written'] },
  'keys revoke': { file: ['text', 'the keys that `headgate keys create` has written'] },
  'keys create': { file: ['output'] },
  // a folder that is created
  'bff types': { out: undefined },
};

/** Given for standard input. */
const STDIN = '-';

/**
 * Checks the paths that were given as options, before the command runs. Throws `UsageError`, which names the option.
 * @param command its words, such as `keys list`
 */
export function checkGivenPaths(command: string, given: Readonly<Record<string, unknown>>): void {
  // throws where both are given, whether they exist or not
  originOf(given);
  const expected: Readonly<Record<string, Expected | undefined>> = { ...OPTIONS, ...OF_COMMANDS[command] };
  for (const [name, path] of Object.entries(given)) {
    const what = Object.hasOwn(expected, name) ? expected[name] : undefined;
    if (what === undefined || typeof path !== 'string' || path === STDIN || /^[a-z]+:\/\//i.test(path)) continue;
    const problem = problemOf(path, what);
    if (problem !== undefined) throw new UsageError(`--${name}: ${problem}`);
  }
}

/** Throws `UsageError` for a text of standard input that is empty. */
export function checkStdin(name: string, text: string): string {
  if (text.trim() !== '') return text;
  throw new UsageError(`--${name}: standard input is empty; expected ${OPTIONS[name]?.[1] ?? 'a text'}`);
}

function problemOf(path: string, [kind, content]: Expected): string | undefined {
  if (kind === 'output') return problemOfOutput(path);
  if (kind === 'folder' && !existsSync(path)) return `folder not found: ${path}`;
  let stats: Stats;
  try {
    stats = statSync(path);
    accessSync(path, constants.R_OK);
  } catch (error) {
    return reasonOf(error);
  }
  if (kind === 'folder') return stats.isDirectory() ? undefined : `${path} is a file; expected a folder`;
  if (stats.isDirectory()) return `${path} is a folder; expected a file`;
  // a pipe has no size
  if (kind === 'text' && stats.isFile() && stats.size === 0) return `${path} is empty; expected ${content}`;
  return undefined;
}

function problemOfOutput(path: string): string | undefined {
  const folder = dirname(path);
  if (!existsSync(folder)) return `folder not found: ${folder}, for ${path}`;
  try {
    if (!statSync(folder).isDirectory()) return `${folder} is a file; expected a folder`;
    if (!existsSync(path)) accessSync(folder, constants.W_OK);
    else if (statSync(path).isDirectory()) return `${path} is a folder; expected a file`;
    else accessSync(path, constants.W_OK);
  } catch (error) {
    return reasonOf(error);
  }
  return undefined;
}

function reasonOf(error: unknown): string {
  const reason = explainSystem(error as NodeJS.ErrnoException) ?? (error as Error).message;
  return reason.replace(/^error: /, '').replace(/\.$/, '');
}
