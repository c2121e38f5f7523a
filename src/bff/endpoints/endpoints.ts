import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type GraphQLSchema, print, validate } from 'graphql';
import { displayPath } from '../../config/display-path.ts';
import type { Problem } from '../../config/problem.ts';
import { type Parameter, parametersFor } from './coerce.ts';
import {
  type Method,
  variablesInEndpointDirectives,
  withEndpointDirectives,
  withoutEndpointDirectives,
} from './directives.ts';
import { type EndpointFile, problemAt, problemOf, readEndpointFile } from './endpoint-file.ts';
import { compareRoutes, parametersOf, type Route, routeKey } from './route.ts';
import { readSections } from './sections.ts';
import type { Section } from './shape.ts';

/** One endpoint, ready to be called. */
export interface Endpoint {
  readonly client: string;
  readonly name: string;
  readonly file: string;
  readonly method: Method;
  /** Within the client. */
  readonly route: Route;
  /** The whole pattern, for people: `/bff/mobile/dashboard/:userId`. */
  readonly path: string;
  /** What the engine executes: the document without the gateway's directives. */
  readonly query: string;
  readonly parameters: readonly Parameter[];
  readonly sections: Section;
  /** Root keys whose null, without an error, means that the thing asked for does not exist. */
  readonly entityKeys: readonly string[];
}

/** An endpoint whose route is known, but which does not fit the schema: it is answered with why. */
export interface BrokenEndpoint extends Pick<EndpointFile, 'client' | 'file' | 'method' | 'route' | 'path'> {
  readonly problems: readonly Problem[];
}

/** The `bff/` folder as read from disk, before it meets a schema. */
export interface EndpointFolder {
  readonly files: readonly EndpointFile[];
  readonly problems: readonly Problem[];
}

export interface LoadedEndpoints {
  readonly endpoints: readonly Endpoint[];
  readonly broken: readonly BrokenEndpoint[];
  /** Everything that is wrong in the folder; those of broken endpoints are among them. */
  readonly problems: readonly Problem[];
}

const EXTENSION = '.graphql';

/** Reads `DIR/CLIENT/NAME.graphql` and checks each against the public schema. A folder that is not there has no endpoints. */
export function loadEndpoints(dir: string, publicSchema: GraphQLSchema): LoadedEndpoints {
  return compileEndpoints(readEndpointFolder(dir), publicSchema);
}

/** Throws when the folder itself cannot be read; what cannot be read within it is a problem. */
export function readEndpointFolder(dir: string): EndpointFolder {
  const files: EndpointFile[] = [];
  const problems: Problem[] = [];
  const root = displayPath(dir);
  for (const entry of list(root)) {
    const path = join(root, entry);
    attempt(path, problems, () => {
      if (statSync(path).isDirectory()) readClient(path, entry, files, problems);
      else if (entry.endsWith(EXTENSION)) problems.push(misplaced(path, join(root, 'mobile', entry)));
    });
  }
  return { files: withoutDuplicates(files, problems), problems };
}

function readClient(folder: string, client: string, files: EndpointFile[], problems: Problem[]): void {
  if (!/^[0-9A-Za-z._~-]+$/.test(client)) {
    const message = `The client folder "${client}" cannot stand in a URL as it is.`;
    problems.push(problemAt(folder, undefined, 'ENDPOINT_CLIENT', message, 'Use letters, digits and "-._~" only.'));
    return;
  }
  for (const entry of list(folder)) {
    const file = join(folder, entry);
    attempt(file, problems, () => {
      if (statSync(file).isDirectory()) {
        const inside = list(file).filter((name) => name.endsWith(EXTENSION));
        for (const name of inside) problems.push(misplaced(join(file, name), join(folder, name)));
      } else if (entry.endsWith(EXTENSION)) {
        const place = { file, client, name: entry.slice(0, -EXTENSION.length) };
        const read = readEndpointFile(place, readFileSync(file, 'utf8'));
        if (Array.isArray(read)) problems.push(...read);
        else files.push(read);
      }
    });
  }
}

function attempt(file: string, problems: Problem[], read: () => void): void {
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
  const message = 'An endpoint stands in the folder of its client, neither above nor below it.';
  return problemAt(file, undefined, 'ENDPOINT_MISPLACED', message, `Move it, as to ${better}.`);
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

export function compileEndpoints(folder: EndpointFolder, publicSchema: GraphQLSchema): LoadedEndpoints {
  const schema = withEndpointDirectives(publicSchema);
  const endpoints: Endpoint[] = [];
  const broken: BrokenEndpoint[] = [];
  for (const file of folder.files) {
    const compiled = compileEndpoint(file, schema);
    if (Array.isArray(compiled)) broken.push({ ...file, problems: compiled });
    else endpoints.push(compiled);
  }
  endpoints.sort((a, b) => compareRoutes(a.route, b.route));
  const problems = [...folder.problems, ...broken.flatMap((endpoint) => endpoint.problems)];
  return { endpoints, broken, problems };
}

function compileEndpoint(file: EndpointFile, schema: GraphQLSchema): Endpoint | Problem[] {
  const invalid = [
    ...validate(schema, file.document).map((error) => problemOf(file.file, error, 'GRAPHQL_VALIDATION_FAILED')),
    ...variablesInEndpointDirectives(file.document).map((directive) => {
      const message = `@${directive.name.value} is read when the file is loaded, so that its arguments cannot be variables.`;
      return problemAt(file.file, directive, 'ENDPOINT_DIRECTIVE', message, 'Write the value itself.');
    }),
  ];
  if (invalid.length > 0) return invalid;
  const sections = readSections(file, schema);
  if (sections.problems.length > 0) return [...sections.problems];
  const { client, name, method, route, path } = file;
  return {
    ...{ client, name, file: file.file, method, route, path },
    query: print(withoutEndpointDirectives(file.document)),
    parameters: parametersFor(file.operation, schema, parametersOf(route), method),
    sections: sections.root,
    entityKeys: sections.entityKeys,
  };
}
