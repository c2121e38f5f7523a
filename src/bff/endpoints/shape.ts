import type { GraphQLFormattedError } from 'graphql';

/** A response key of an endpoint's document, with its directives. */
export interface Section {
  readonly children: Map<string, Section>;
  /** `@flatten`: its fields are moved to the parent object. */
  flatten: boolean;
  /** `@optional`: it may fail alone; then its value is `fallback`. */
  optional: { readonly fallback: unknown } | undefined;
  /** Whether a section below it is flattened. */
  reshapes: boolean;
}

/** A section that failed alone. `path` has keys and list indexes of the response; all are strings when sent. */
export interface PartialFailure {
  readonly path: readonly (string | number)[];
  readonly code: string;
  readonly message: string;
}

type Path = readonly (string | number)[];
type Json = Record<string, unknown>;

/** Returns the `code` of a GraphQL error; `INTERNAL_SERVER_ERROR` where it has none. */
export function errorCode(error: GraphQLFormattedError): string {
  const code = error.extensions?.code;
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}

/**
 * Splits errors into partial failures, which an `@optional` section contains, and failures of the whole response. Sets
 * fallbacks in `data` where such a section is null.
 */
export function resolveErrors(
  root: Section,
  data: unknown,
  errors: readonly GraphQLFormattedError[],
): { partial: PartialFailure[]; failures: GraphQLFormattedError[] } {
  const partial = new Map<string, PartialFailure>();
  const failures: GraphQLFormattedError[] = [];
  // applied after the loop: two errors may concern the same null
  const fallbacks: { path: Path; value: unknown }[] = [];
  for (const error of errors) {
    const found = findOptional(root, data, error.path ?? []);
    if (found === undefined) {
      failures.push(error);
      continue;
    }
    for (const path of visiblePaths(root, found.path)) {
      const key = JSON.stringify(path);
      if (!partial.has(key)) partial.set(key, { path, code: errorCode(error), message: error.message });
    }
    if (found.fallback !== undefined) fallbacks.push({ path: found.path, value: found.fallback });
  }
  for (const { path, value } of fallbacks) setAt(data, path, value);
  return { partial: [...partial.values()], failures };
}

/**
 * Follows an error's path to the null in the data and finds an optional section on the way. The whole section has failed if
 * it is the null itself, else only the value at `path` within it.
 */
function findOptional(root: Section, data: unknown, errorPath: Path): { path: Path; fallback: unknown } | undefined {
  let section: Section | undefined = root;
  let value = data;
  let isOptional = false;
  for (const [depth, step] of errorPath.entries()) {
    if (value === null || typeof value !== 'object') break;
    value = (value as Json)[step];
    if (typeof step === 'string') section = section?.children.get(step);
    isOptional ||= section?.optional !== undefined;
    if (value === null && isOptional) {
      const path = errorPath.slice(0, depth + 1);
      // a list item is not the section itself: the fallback replaces the whole list
      return { path, fallback: typeof step === 'string' ? section?.optional?.fallback : undefined };
    }
  }
  return isOptional ? { path: errorPath, fallback: undefined } : undefined;
}

/** Returns the paths in the response for a path in the data. A flattened section is replaced with its fields. */
export function visiblePaths(root: Section, path: Path): Path[] {
  let section: Section | undefined = root;
  const steps: (string | number)[] = [];
  for (const step of path) {
    if (typeof step === 'string') section = section?.children.get(step);
    if (typeof step === 'number' || !section?.flatten) steps.push(step);
  }
  return section?.flatten ? [...keysOf(section).keys()].map((key) => [...steps, key]) : [steps];
}

/** Returns the section at a path of response keys. */
export function sectionAt(root: Section, path: readonly string[]): Section | undefined {
  let section: Section | undefined = root;
  for (const key of path) section = section?.children.get(key);
  return section;
}

function setAt(data: unknown, path: Path, value: unknown): void {
  let target = data as Json;
  for (const step of path.slice(0, -1)) target = target[step] as Json;
  target[path.at(-1) as string] = value;
}

/**
 * Moves the fields of flattened sections to their parent objects, in the same position. For a flattened section that is
 * null, its fields are null, so that a response always has the same keys.
 */
export function reshape(section: Section, value: unknown): unknown {
  if (!section.reshapes || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => reshape(section, item));
  const shaped: Json = Object.create(null);
  for (const [key, inner] of Object.entries(value)) {
    const child = section.children.get(key);
    if (child === undefined) shaped[key] = inner;
    else if (!child.flatten) shaped[key] = reshape(child, inner);
    else if (inner === null) for (const name of keysOf(child).keys()) shaped[name] = null;
    else Object.assign(shaped, reshape(child, inner));
  }
  return shaped;
}

/** Returns the keys of a section's object in the response, each with the key of the section that it comes from. */
export function keysOf(section: Section): Map<string, string> {
  const keys = new Map<string, string>();
  for (const [key, child] of section.children) {
    if (child.flatten) for (const lifted of keysOf(child).keys()) keys.set(lifted, key);
    else keys.set(key, key);
  }
  return keys;
}
