import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { displayPath } from '../config/display-path.ts';
import type { Env } from '../config/expand.ts';
import type { Problem } from '../config/problem.ts';
import { readSource } from './read-source.ts';
import type { SourceDefinition } from './source-definition.ts';

const EXTENSION = '.graphql';

export interface SourcesRead {
  /** The files that could be read, by name. */
  readonly sources: readonly SourceDefinition[];
  readonly problems: readonly Problem[];
}

/** Reads every `NAME.graphql` of the folder; folders in it, hidden files and other extensions are passed over. */
export async function readSources(dir: string, env: Env = process.env): Promise<SourcesRead> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => error);
  if (names instanceof Error) return { sources: [], problems: [folderProblem(dir, names)] };
  const files = names.filter((name) => name.endsWith(EXTENSION) && !name.startsWith('.')).sort();
  const read = await Promise.all(files.map((name) => readFileIn(dir, name, env)));
  const found = read.filter((result) => result !== undefined);
  if (found.length === 0) return { sources: [], problems: [emptyFolder(dir)] };
  const sources = found.flatMap((result) => ('name' in result ? [result] : []));
  const problems = found.flatMap((result) => ('name' in result ? [] : result));
  return { sources, problems: [...problems, ...duplicateNames(sources)] };
}

async function readFileIn(dir: string, name: string, env: Env): Promise<SourceDefinition | Problem[] | undefined> {
  const path = join(dir, name);
  const file = displayPath(path);
  try {
    if ((await stat(path)).isDirectory()) return undefined;
    return readSource({ name: basename(name, EXTENSION), file, text: await readFile(path, 'utf8') }, env);
  } catch (error) {
    return [unreadable(file, error as NodeJS.ErrnoException)];
  }
}

function unreadable(file: string, error: NodeJS.ErrnoException): Problem {
  return {
    file,
    line: 1,
    column: 1,
    code: 'UNREADABLE_FILE',
    message: `The file cannot be read: ${error.code ?? error.message}.`,
    hint: error.code === 'ENOENT' ? 'It is a link to a file that is not there.' : 'Check its permissions.',
  };
}

function folderProblem(dir: string, error: NodeJS.ErrnoException): Problem {
  const file = displayPath(dir);
  const place = { file, line: 1, column: 1 };
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') {
    const message = `The schemas folder cannot be read: ${error.code ?? error.message}.`;
    return { ...place, code: 'UNREADABLE_FOLDER', message, hint: 'Check its permissions.' };
  }
  const what = error.code === 'ENOENT' ? 'There is no folder' : 'This is not a folder';
  return {
    ...place,
    code: 'NO_SCHEMAS_FOLDER',
    message: `${what}: ${file}`,
    hint: 'Create it, name another with --schemas DIR, or serve a ready supergraph with --supergraph FILE.',
  };
}

function emptyFolder(dir: string): Problem {
  return {
    file: displayPath(dir),
    line: 1,
    column: 1,
    code: 'NO_SCHEMAS',
    message: `There is no *${EXTENSION} file in the schemas folder.`,
    hint: `Add one file for each subgraph, NAME${EXTENSION}, with its SDL and \`extend schema @subgraph(url: "http://…")\`.`,
  };
}

/** Names must differ by more than case: they become enum values and metric labels, and files on some disks. */
function duplicateNames(sources: readonly SourceDefinition[]): Problem[] {
  const first = new Map<string, SourceDefinition>();
  return sources.flatMap((source) => {
    const key = source.name.toLowerCase();
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, source);
      return [];
    }
    const message = `The subgraph name "${source.name}" is taken by ${other.file}.`;
    const hint = 'Rename one of the files.';
    return [{ file: source.file, line: 1, column: 1, subgraph: source.name, code: 'DUPLICATE_NAME', message, hint }];
  });
}
