import { createHash, type Hash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { displayPath } from '../../config/display-path.ts';
import type { Env } from '../../config/expand.ts';
import type { Problem } from '../../config/problem.ts';
import { compareTexts, operationIdOf } from '../openapi/names.ts';
import { CLIENT_FILE, type ClientSettings, NO_CLIENT_FILE, readClientFile } from './client-file.ts';
import { type EndpointFile, readEndpointFile } from './endpoint-file.ts';
import { problemAt } from './problem-at.ts';
import { routeKey } from './route.ts';

/** The `bff/` folder as read from disk, before it meets a schema. */
export interface EndpointFolder {
  readonly files: readonly EndpointFile[];
  /** By client; a client without a good `client.yaml` has the defaults. */
  readonly settings: ReadonlyMap<string, ClientSettings>;
  /** Clients whose `client.yaml` is wrong: nothing of theirs is served, since it may be what protects them. */
  readonly closed: ReadonlySet<string>;
  /** Modules that shape answers, by the id of their endpoint: `mobile/dashboard` → `bff/mobile/dashboard.ts`. */
  readonly shapes: ReadonlyMap<string, string>;
  /** Equal for equal files. */
  readonly digest: string;
  readonly problems: readonly Problem[];
}

const EXTENSION = '.graphql';
/** Other endings of GraphQL documents, which would be taken for endpoints and are none. */
const OTHER_EXTENSION = /\.(?:gql|graphqls)$/;
/** Names that people give to a `client.yaml`. */
const MISNAMED_CLIENT_FILE = /^client\.(?:yml|json)$/i;
// A name with an underscore before it is a module that shapes share.
const SHAPE = /^([^_].*)\.(?:ts|mts|js|mjs)$/;
const VERSION = /^v\d+$/;

interface Reading {
  readonly files: EndpointFile[];
  readonly settings: Map<string, ClientSettings>;
  readonly closed: Set<string>;
  readonly shapes: Map<string, string>;
  readonly problems: Problem[];
  readonly env: Env;
  readonly digest: Hash;
}

/**
 * Reads `DIR/CLIENT/client.yaml`, `DIR/CLIENT/NAME.graphql`, their versions in `DIR/CLIENT/v2/`, and which of them have a
 * shape beside them. A folder that is not there has no endpoints.
 * Throws when the folder itself cannot be read; what cannot be read within it is a problem.
 */
export function readEndpointFolder(dir: string, env: Env = process.env): EndpointFolder {
  const reading: Reading = {
    ...{ files: [], problems: [], env, digest: createHash('sha256') },
    ...{ settings: new Map(), closed: new Set(), shapes: new Map() },
  };
  const root = displayPath(dir);
  for (const entry of list(root)) {
    const path = join(root, entry);
    attempt(path, reading, () => {
      if (statSync(path).isDirectory()) readClient(path, entry, reading);
      else if (entry.endsWith(EXTENSION)) reading.problems.push(misplaced(path, join(root, 'mobile', entry)));
    });
  }
  const ids = new Set(reading.files.map(({ id }) => id));
  for (const [id, file] of reading.shapes) if (!ids.has(id)) reading.problems.push(...unusedShape(id, file, reading));
  const { settings, closed, shapes, problems } = reading;
  const files = withoutDuplicates(reading.files, problems);
  problems.push(...sameNames(files));
  return { files, settings, closed, shapes, problems, digest: reading.digest.digest('base64url') };
}

function readClient(folder: string, client: string, reading: Reading): void {
  if (!/^[0-9A-Za-z._~-]+$/.test(client)) {
    const message = `The client folder "${client}" cannot stand in a URL as it is.`;
    const hint = 'Use letters, digits and "-._~" only.';
    reading.problems.push(problemAt(folder, undefined, 'ENDPOINT_CLIENT', message, hint));
    return;
  }
  reading.settings.set(client, NO_CLIENT_FILE);
  for (const entry of list(folder)) {
    const path = join(folder, entry);
    attempt(path, reading, () => {
      if (entry === CLIENT_FILE) readSettings(path, client, reading);
      else if (MISNAMED_CLIENT_FILE.test(entry)) refuseSettings(path, folder, client, reading);
      else if (!statSync(path).isDirectory()) readOne(path, entry, client, undefined, reading);
      else if (VERSION.test(entry)) readVersion(path, client, entry, reading);
      else {
        const inside = list(path).filter((name) => name.endsWith(EXTENSION));
        for (const name of inside) reading.problems.push(misplaced(join(path, name), join(folder, name)));
      }
    });
  }
  for (const version of Object.keys(reading.settings.get(client)?.versions ?? {})) {
    if (list(join(folder, version)).length > 0) continue;
    const message = `It speaks of the version "${version}", but there is no folder ${join(folder, version)} with endpoints.`;
    const file = join(folder, CLIENT_FILE);
    reading.problems.push(
      problemAt(file, undefined, 'ENDPOINT_VERSION', message, 'Add the folder, or take the version away.'),
    );
  }
}

function readSettings(file: string, client: string, reading: Reading): void {
  const { settings, closed, problems, env } = reading;
  const read = readClientFile(file, textOf(file, reading), env);
  if (read.ok) settings.set(client, read.value);
  else {
    closed.add(client);
    problems.push(...read.problems);
  }
}

/** What it says may protect the client, so that nothing of the client is served until it has the right name. */
function refuseSettings(file: string, folder: string, client: string, reading: Reading): void {
  const { closed, problems } = reading;
  textOf(file, reading);
  closed.add(client);
  const message = `The settings of a client are read from ${CLIENT_FILE}, not from a file of this name.`;
  problems.push(problemAt(file, undefined, 'MISNAMED_FILE', message, `Rename it to ${join(folder, CLIENT_FILE)}.`));
}

function readVersion(folder: string, client: string, version: string, reading: Reading): void {
  for (const entry of list(folder)) {
    const path = join(folder, entry);
    attempt(path, reading, () => readOne(path, entry, client, version, reading));
  }
}

function readOne(file: string, entry: string, client: string, version: string | undefined, reading: Reading): void {
  const shape = SHAPE.exec(entry)?.[1];
  if (shape !== undefined && !entry.endsWith('.d.ts')) {
    textOf(file, reading);
    reading.shapes.set([client, version, shape].filter((part) => part !== undefined).join('/'), file);
    return;
  }
  if (OTHER_EXTENSION.test(entry)) reading.problems.push(otherExtension(file));
  if (!entry.endsWith(EXTENSION)) return;
  const place = { file, client, version, name: entry.slice(0, -EXTENSION.length) };
  const read = readEndpointFile(place, textOf(file, reading));
  if (Array.isArray(read)) reading.problems.push(...read);
  else reading.files.push(read);
}

function textOf(file: string, { digest }: Reading): string {
  // to read a pipe is to wait for somebody who writes, for ever
  if (!statSync(file).isFile()) throw Object.assign(new Error(), { code: 'it is a pipe, a socket or a device' });
  const text = readFileSync(file, 'utf8');
  digest.update(`${file}\0${text}\0`);
  return text;
}

function attempt(file: string, { problems }: Reading, read: () => void): void {
  try {
    read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const message = `It cannot be read: ${code}.`;
    problems.push(problemAt(file, undefined, 'UNREADABLE_FILE', message, 'Check that it exists, and its permissions.'));
  }
}

/** Names in a folder, in order, without those that start with a dot; none when there is no folder. */
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
  const message = 'An endpoint stands in the folder of its client (or in v1/, v2/… there), neither above nor below it.';
  return problemAt(file, undefined, 'ENDPOINT_MISPLACED', message, `Move it, as to ${better}.`);
}

function otherExtension(file: string): Problem {
  const message = `The file of an endpoint ends in "${EXTENSION}": this one is not read.`;
  const better = file.replace(OTHER_EXTENSION, EXTENSION);
  return problemAt(
    file,
    undefined,
    'ENDPOINT_EXTENSION',
    message,
    `Rename it to ${better}, or move it out of the folder.`,
  );
}

/** Nothing is said where the endpoint beside it is there, but wrong. */
function unusedShape(id: string, file: string, { problems }: Reading): Problem[] {
  const endpoint = file.replace(SHAPE, `$1${EXTENSION}`);
  if (problems.some((problem) => problem.file === endpoint)) return [];
  const message = `It would shape the answer of the endpoint "${id}", but there is no ${endpoint}.`;
  return [
    problemAt(
      file,
      undefined,
      'ENDPOINT_SHAPE',
      message,
      'Give it the name of an endpoint, or move it out of the folder.',
    ),
  ];
}

/** Keeps the first of the endpoints with the same method and route. */
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
    const hint = `Change the path in ${endpoint.file} or in ${first.file}; the names of parameters do not tell paths apart.`;
    problems.push(problemAt(endpoint.file, endpoint.operation, 'ENDPOINT_DUPLICATE_ROUTE', message, hint));
  }
  return [...taken.values()];
}

/** Two endpoints of a client that generated clients would call the same. They are served all the same. */
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
      const message = `Generated clients call this endpoint "${name}", as they do ${first.file}.`;
      const hint = 'Rename one of the files; the path of an endpoint can stay, in @endpoint(path: "/…").';
      return [problemAt(file.file, file.operation, 'ENDPOINT_DUPLICATE_NAME', message, hint)];
    });
}
