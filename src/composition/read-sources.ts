import { displayPath } from '../config/display-path.ts';
import type { Env } from '../config/expand.ts';
import type { Problem } from '../config/problem.ts';
import { entriesBelow, type FoundEntry } from '../shared/files-below.ts';
import { readRegularFile } from '../shared/read-regular-file.ts';
import { readSource } from './read-source.ts';
import { isSchemaFile, subgraphNameOf } from './schema-files.ts';
import type { SourceDefinition } from './source-definition.ts';

export interface SourcesRead {
  /** The files that could be read, by name. */
  readonly sources: readonly SourceDefinition[];
  readonly problems: readonly Problem[];
  /** Paths that were not read, because they are pipes, sockets or devices. */
  readonly skipped: readonly string[];
}

/**
 * Reads every `NAME.graphql`, `NAME.graphqls` and `NAME.gql` in the folder and its subfolders. Ignores hidden files and folders,
 * `node_modules` and other extensions.
 */
export async function readSources(dir: string, env: Env = process.env): Promise<SourcesRead> {
  const entries = await entriesBelow(dir).catch((error: NodeJS.ErrnoException) => error);
  if (entries instanceof Error) return { sources: [], problems: [folderProblem(dir, entries)], skipped: [] };
  const named = entries.filter(({ name, stats }) => isSchemaFile(name) && !stats?.isDirectory());
  // broken links are problems; reading a pipe could block forever
  const files = named.filter(({ stats }) => stats?.isFile() !== false);
  const skipped = named.filter((entry) => !files.includes(entry)).map(({ path }) => displayPath(path));
  if (files.length === 0) return { sources: [], problems: [emptyFolder(dir, skipped)], skipped };
  const found = await Promise.all(files.map((entry) => readFileAt(entry, env)));
  const sources = found.flatMap((result) => ('name' in result ? [result] : []));
  const problems = found.flatMap((result) => ('name' in result ? [] : result));
  return { sources, problems: [...problems, ...duplicateNames(sources)], skipped };
}

async function readFileAt({ path }: FoundEntry, env: Env): Promise<SourceDefinition | Problem[]> {
  const file = displayPath(path);
  try {
    return readSource({ name: subgraphNameOf(path), file, text: await readRegularFile(path) }, env);
  } catch (error) {
    return [unreadable(file, error as NodeJS.ErrnoException)];
  }
}

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'It is a link to a file that does not exist.',
  ELOOP: 'It is a link to itself.',
};

function unreadable(file: string, error: NodeJS.ErrnoException): Problem {
  return {
    file,
    line: 1,
    column: 1,
    code: 'UNREADABLE_FILE',
    message: `The file cannot be read: ${error.code ?? error.message}.`,
    hint: HINTS[error.code ?? ''] ?? 'Check its permissions.',
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
    hint: 'Create it, pass another with --schemas DIR, or serve a composed supergraph with --supergraph FILE.',
  };
}

function emptyFolder(dir: string, skipped: readonly string[]): Problem {
  const others = skipped.length === 0 ? '' : ` Pipes, sockets and devices are not read: ${skipped.join(', ')}.`;
  return {
    file: displayPath(dir),
    line: 1,
    column: 1,
    code: 'NO_SCHEMAS',
    message: `There is no *.graphql, *.graphqls or *.gql file in the schemas folder.${others}`,
    hint: 'Add one file for each subgraph, NAME.graphql, with its SDL and `extend schema @subgraph(url: "http://…")`.',
  };
}

/**
 * Finds names that differ at most by case: names become enum values and metric labels, and file names on disks that
 * ignore case.
 */
function duplicateNames(sources: readonly SourceDefinition[]): Problem[] {
  const first = new Map<string, SourceDefinition>();
  return sources.flatMap((source) => {
    const key = source.name.toLowerCase();
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, source);
      return [];
    }
    const message = `The subgraph name "${source.name}" is already used by ${other.file}.`;
    const hint = 'A subgraph is named after its file, whatever the folder and the ending. Rename one of the two files.';
    return [{ file: source.file, line: 1, column: 1, subgraph: source.name, code: 'DUPLICATE_NAME', message, hint }];
  });
}
