import { createHash, type Hash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { displayPath } from '../../config/display-path.ts';
import type { Env } from '../../config/expand.ts';
import type { Problem } from '../../config/problem.ts';
import { readRegularFileSync } from '../../shared/read-regular-file.ts';
import { compareTexts, operationIdOf } from '../openapi/names.ts';
import { CLIENT_FILE, type ClientSettings, NO_CLIENT_FILE, readClientFile } from './client-file.ts';
import { type EndpointFile, readEndpointFile } from './endpoint-file.ts';
import { problemAt } from './problem-at.ts';
import { routeKey } from './route.ts';

/** The `bff/` folder as read from disk, before it is checked against a schema. */
export interface EndpointFolder {
  readonly files: readonly EndpointFile[];
  /** Settings by client; defaults where `client.yaml` is missing or invalid. */
  readonly settings: ReadonlyMap<string, ClientSettings>;
  /** Clients with an invalid `client.yaml`. None of their endpoints are served, because the file may protect them. */
  readonly blocked: ReadonlySet<string>;
  /** Files of shape modules by endpoint id: `mobile/dashboard` → `bff/mobile/dashboard.ts`. */
  readonly shapes: ReadonlyMap<string, string>;
  /** Digest of the files that the folder itself has. It does not depend on where the folder is. */
  readonly digest: string;
  readonly problems: readonly Problem[];
}

const EXTENSION = '.graphql';
/** Other extensions of GraphQL documents, which are not read. */
const OTHER_EXTENSION = /\.(?:gql|graphqls)$/;
/** Common wrong names of `client.yaml`. */
const MISNAMED_CLIENT_FILE = /^client\.(?:yml|json)$/i;
// a name that starts with an underscore is a module that shapes share
const SHAPE = /^([^_].*)\.(?:ts|mts|js|mjs)$/;
const VERSION = /^v\d+$/;

interface ReadState {
  readonly files: EndpointFile[];
  readonly settings: Map<string, ClientSettings>;
  readonly blocked: Set<string>;
  readonly shapes: Map<string, string>;
  readonly problems: Problem[];
  readonly env: Env;
  readonly root: string;
  readonly digest: Hash;
}

/**
 * Reads `DIR/CLIENT/client.yaml`, `DIR/CLIENT/NAME.graphql`, versions in `DIR/CLIENT/v2/`, and the names of shape modules. A
 * missing folder has no endpoints. Throws when the folder itself cannot be read; unreadable files in it are problems.
 */
export function readEndpointFolder(dir: string, env: Env = process.env): EndpointFolder {
  const root = displayPath(dir);
  const state: ReadState = {
    ...{ files: [], problems: [], env, root, digest: createHash('sha256') },
    ...{ settings: new Map(), blocked: new Set(), shapes: new Map() },
  };
  for (const entry of list(root)) {
    const path = join(root, entry);
    attempt(path, state, () => {
      if (statSync(path).isDirectory()) readClient(path, entry, state);
      else if (entry.endsWith(EXTENSION)) state.problems.push(misplaced(path, join(root, 'mobile', entry)));
    });
  }
  const ids = new Set(state.files.map(({ id }) => id));
  for (const [id, file] of state.shapes) if (!ids.has(id)) state.problems.push(...unusedShape(id, file, state));
  const { settings, blocked, shapes, problems } = state;
  const files = withoutDuplicates(state.files, problems);
  problems.push(...sameNames(files));
  return { files, settings, blocked, shapes, problems, digest: state.digest.digest('base64url') };
}

function readClient(folder: string, client: string, state: ReadState): void {
  if (!/^[0-9A-Za-z._~-]+$/.test(client)) {
    const message = `The name of the client folder "${client}" cannot be part of a URL.`;
    const hint = 'Use letters, digits and "-._~" only.';
    state.problems.push(problemAt(folder, undefined, 'ENDPOINT_CLIENT', message, hint));
    return;
  }
  state.settings.set(client, NO_CLIENT_FILE);
  for (const entry of list(folder)) {
    const path = join(folder, entry);
    attempt(path, state, () => {
      if (entry === CLIENT_FILE) readSettings(path, client, state);
      else if (MISNAMED_CLIENT_FILE.test(entry)) rejectMisnamed(path, folder, client, state);
      else if (!statSync(path).isDirectory()) readOne(path, entry, client, undefined, state);
      else if (VERSION.test(entry)) readVersion(path, client, entry, state);
      else {
        const inside = list(path).filter((name) => name.endsWith(EXTENSION));
        for (const name of inside) state.problems.push(misplaced(join(path, name), join(folder, name)));
      }
    });
  }
  for (const version of Object.keys(state.settings.get(client)?.versions ?? {})) {
    if (list(join(folder, version)).length > 0) continue;
    const message = `The version "${version}" has settings, but there is no folder ${join(folder, version)} with endpoints.`;
    const file = join(folder, CLIENT_FILE);
    state.problems.push(
      problemAt(file, undefined, 'ENDPOINT_VERSION', message, 'Add the folder, or remove the version.'),
    );
  }
}

function readSettings(file: string, client: string, state: ReadState): void {
  const { settings, blocked, problems, env } = state;
  // until it is read: also a file that cannot be read may protect the client
  blocked.add(client);
  const read = readClientFile(file, textOf(file, state), env);
  if (!read.ok) {
    problems.push(...read.problems);
    return;
  }
  blocked.delete(client);
  settings.set(client, read.value);
}

/** Reports a misnamed `client.yaml`. It may protect the client, so none of the client's endpoints are served. */
function rejectMisnamed(file: string, folder: string, client: string, state: ReadState): void {
  const { blocked, problems } = state;
  textOf(file, state);
  blocked.add(client);
  const message = `Settings of a client are only read from ${CLIENT_FILE}, not from a file of this name.`;
  problems.push(problemAt(file, undefined, 'MISNAMED_FILE', message, `Rename it to ${join(folder, CLIENT_FILE)}.`));
}

function readVersion(folder: string, client: string, version: string, state: ReadState): void {
  for (const entry of list(folder)) {
    const path = join(folder, entry);
    attempt(path, state, () => readOne(path, entry, client, version, state));
  }
}

function readOne(file: string, entry: string, client: string, version: string | undefined, state: ReadState): void {
  const shape = SHAPE.exec(entry)?.[1];
  if (shape !== undefined && !entry.endsWith('.d.ts')) {
    textOf(file, state);
    state.shapes.set([client, version, shape].filter((part) => part !== undefined).join('/'), file);
    return;
  }
  if (OTHER_EXTENSION.test(entry)) state.problems.push(otherExtension(file));
  if (!entry.endsWith(EXTENSION)) return;
  const place = { file, client, version, name: entry.slice(0, -EXTENSION.length) };
  const read = readEndpointFile(place, textOf(file, state));
  if (Array.isArray(read)) state.problems.push(...read);
  else state.files.push(read);
}

function textOf(file: string, { root, digest }: ReadState): string {
  const text = readRegularFileSync(file);
  digest.update(`${relative(root, file)}\0${text}\0`);
  return text;
}

function attempt(file: string, { problems }: ReadState, read: () => void): void {
  try {
    read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const message = `The file cannot be read: ${code}.`;
    problems.push(
      problemAt(
        file,
        undefined,
        'UNREADABLE_FILE',
        message,
        'Check that it exists and that its permissions allow reading.',
      ),
    );
  }
}

/** Returns the sorted names in a folder, without those that start with a dot; none where the folder is missing. */
function list(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function misplaced(file: string, better: string): Problem {
  const message = 'An endpoint must be in the folder of its client, or in v1/, v2/… there.';
  return problemAt(file, undefined, 'ENDPOINT_MISPLACED', message, `Move it, for example to ${better}.`);
}

function otherExtension(file: string): Problem {
  const message = `Files of endpoints end in "${EXTENSION}". This file is not read.`;
  const better = file.replace(OTHER_EXTENSION, EXTENSION);
  return problemAt(
    file,
    undefined,
    'ENDPOINT_EXTENSION',
    message,
    `Rename it to ${better}, or move it out of the folder.`,
  );
}

/** Reports a shape module without an endpoint, unless the endpoint's file has problems itself. */
function unusedShape(id: string, file: string, { problems }: ReadState): Problem[] {
  const endpoint = file.replace(SHAPE, `$1${EXTENSION}`);
  if (problems.some((problem) => problem.file === endpoint)) return [];
  const message = `This is the shape module of the endpoint "${id}", but there is no ${endpoint}.`;
  return [
    problemAt(file, undefined, 'ENDPOINT_SHAPE', message, 'Rename it after an endpoint, or move it out of the folder.'),
  ];
}

/** Removes endpoints with the same method and route as an earlier one, and reports them. */
function withoutDuplicates(files: readonly EndpointFile[], problems: Problem[]): EndpointFile[] {
  const taken = new Map<string, EndpointFile>();
  for (const endpoint of files) {
    const key = `${endpoint.method} /${endpoint.client}${routeKey(endpoint.route)}`;
    const first = taken.get(key);
    if (first === undefined) {
      taken.set(key, endpoint);
      continue;
    }
    const message = `${endpoint.method} ${endpoint.path} is in ${first.file} already, as ${first.method} ${first.path}.`;
    const hint = `Change the path in ${endpoint.file} or in ${first.file}. Paths that only differ in the names of parameters are the same.`;
    problems.push(problemAt(endpoint.file, endpoint.operation, 'ENDPOINT_DUPLICATE_ROUTE', message, hint));
  }
  return [...taken.values()];
}

/** Reports endpoints that have the same name in generated clients. They are served nevertheless. */
function sameNames(files: readonly EndpointFile[]): Problem[] {
  const taken = new Map<string, EndpointFile>();
  return [...files]
    .sort((a, b) => compareTexts(a.id, b.id))
    .flatMap((file) => {
      const name = operationIdOf(file, false);
      const first = taken.get(`${file.client} ${name}`);
      if (first === undefined) {
        taken.set(`${file.client} ${name}`, file);
        return [];
      }
      const message = `The name of this endpoint in generated clients is "${name}", the same as for ${first.file}.`;
      const hint = 'Rename one of the files. Use @endpoint(path: "/…") to keep its path.';
      return [problemAt(file.file, file.operation, 'ENDPOINT_DUPLICATE_NAME', message, hint)];
    });
}
