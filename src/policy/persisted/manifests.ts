import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { GraphQLError, parse } from 'graphql';
import { ConfigValueError } from '../../config/config-value-error.ts';
import { displayPath } from '../../config/display-path.ts';
import { withoutByteOrderMark } from '../../shared/decode-text.ts';
import { readRegularFileSync } from '../../shared/read-regular-file.ts';

/** Texts of persisted documents by their ids. */
export type Manifest = ReadonlyMap<string, string>;

/**
 * Reads manifests: files in Apollo's format (`{"format": "apollo-persisted-query-manifest", "operations": […]}`) or Relay's
 * (`{"ID": "query …"}`), and folders of `.graphql` files. Throws `ConfigValueError`.
 */
export function readManifests(paths: readonly string[]): Manifest {
  return new Map(readManifestDocuments(paths).map(({ id, query }) => [id, query]));
}

/** A document of a manifest. */
export interface ManifestDocument {
  readonly id: string;
  readonly query: string;
  readonly file: string;
}

/** Reads manifests like {@link readManifests}, and returns each document once, with its file. Throws `ConfigValueError`. */
export function readManifestDocuments(paths: readonly string[]): ManifestDocument[] {
  const registered = new Map<string, ManifestDocument>();
  const entries = paths.flatMap(readManifest);
  const problems = entries.flatMap((entry) => syntaxProblem(entry) ?? []);
  if (problems.length > 0) throw new ConfigValueError(problems.join('\n'));
  for (const [id, query, file] of entries) {
    const known = registered.get(id);
    if (known !== undefined && known.query !== query)
      throw new ConfigValueError(
        `${file}: "${id}" is a different operation in ${known.file}. An id must stand for one text.`,
      );
    registered.set(id, { id, query, file });
  }
  return [...registered.values()];
}

/** Returns the SHA-256 in hex that identifies a persisted document. */
export function documentHash(query: string): string {
  return createHash('sha256').update(query).digest('hex');
}

/** Whether the name is that of a GraphQL document file. */
export function isDocumentFile(name: string): boolean {
  return extname(name) === '.graphql' || extname(name) === '.gql';
}

type Entry = readonly [id: string, query: string, file: string];

function readManifest(path: string): Entry[] {
  try {
    return statSync(path).isDirectory() ? readFolder(path) : readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    const hint = 'Check the path in persisted_queries.manifest.';
    throw new ConfigValueError(`${displayPath(path)}: the manifest cannot be read: ${code}. ${hint}`);
  }
}

function readFolder(dir: string): Entry[] {
  const names = readdirSync(dir, { recursive: true }).map(String);
  const files = names.filter((name) => isDocumentFile(name) && !isSpecial(join(dir, name))).sort();
  return files.map((name): Entry => {
    const file = join(dir, name);
    const query = withoutByteOrderMark(readRegularFileSync(file));
    return [documentHash(query), query, displayPath(file)];
  });
}

/** Returns whether a path is a pipe, a socket or a device, which are not read. */
function isSpecial(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}

function readFile(path: string): Entry[] {
  const file = displayPath(path);
  const value = readJson(file, withoutByteOrderMark(readRegularFileSync(path)));
  if ('operations' in value && Array.isArray(value.operations)) {
    return value.operations.map((operation: unknown, index): Entry => {
      const { id, body } = (operation ?? {}) as { id?: unknown; body?: unknown };
      if (typeof id === 'string' && typeof body === 'string') return [id, body, file];
      throw new ConfigValueError(`${file}: operations[${index}] needs an "id" and a "body", both strings.`);
    });
  }
  return Object.entries(value).map(([id, query]): Entry => {
    if (typeof query === 'string') return [id, query, file];
    throw new ConfigValueError(
      `${file}: "${id}" must be the text of an operation, or the file must be in Apollo's format.`,
    );
  });
}

function readJson(file: string, text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ConfigValueError(`${file}: not valid JSON: ${(error as Error).message}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new ConfigValueError(`${file}: expected an object with operations.`);
}

/** Returns where the text of an operation is not GraphQL. One that exhausts the stack is reported with the limits. */
function syntaxProblem([id, query, file]: Entry): string | undefined {
  try {
    parse(query);
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    if (!(error instanceof GraphQLError)) throw error;
    const at = error.locations?.[0];
    return `${file}${at ? `:${at.line}:${at.column}` : ''}: operation "${id}": ${error.message}`;
  }
}
