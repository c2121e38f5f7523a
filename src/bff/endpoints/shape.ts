import type { GraphQLFormattedError } from 'graphql';

/** One response key of an endpoint's document, as far as shaping the answer needs to know it. */
export interface Section {
  readonly children: Map<string, Section>;
  /** `@flatten`: its fields are lifted into the object around it. */
  flatten: boolean;
  /** `@optional`: it may fail alone, and is then `fallback`. */
  optional: { readonly fallback: unknown } | undefined;
  /** There is a flattened section somewhere below. */
  reshapes: boolean;
}

/** What failed alone. `path` is where it is in the answer: keys and list indexes, as in a GraphQL error; all of them texts when sent. */
export interface PartialFailure {
  readonly path: readonly (string | number)[];
  readonly code: string;
  readonly message: string;
}

type Path = readonly (string | number)[];
type Json = Record<string, unknown>;

export function errorCode(error: GraphQLFormattedError): string {
  const code = error.extensions?.code;
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}

/**
 * Parts the errors into those that stay within an `@optional` section and the rest, and puts the fallbacks into `data`
 * where such a section is null.
 */
export function settleErrors(
  root: Section,
  data: unknown,
  errors: readonly GraphQLFormattedError[],
): { partial: PartialFailure[]; failures: GraphQLFormattedError[] } {
  const partial = new Map<string, PartialFailure>();
  const failures: GraphQLFormattedError[] = [];
  // Looked up for all errors before any fallback is in place: two errors may be about the same null.
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
 * Follows an error's path down to the null that it left in the data. It is excused if an optional section stands on
 * the way: the whole section is lost if that section is the null, else only what is at `path` within it.
 */
function findOptional(root: Section, data: unknown, errorPath: Path): { path: Path; fallback: unknown } | undefined {
  let section: Section | undefined = root;
  let value = data;
  let excused = false;
  for (const [depth, step] of errorPath.entries()) {
    if (value === null || typeof value !== 'object') break;
    value = (value as Json)[step];
    if (typeof step === 'string') section = section?.children.get(step);
    excused ||= section?.optional !== undefined;
    if (value === null && excused) {
      const path = errorPath.slice(0, depth + 1);
      // An item of a list is not the section itself, whose fallback stands for the whole list.
      return { path, fallback: typeof step === 'string' ? section?.optional?.fallback : undefined };
    }
  }
  return excused ? { path: errorPath, fallback: undefined } : undefined;
}

/** Flattened sections are no step of the answer's paths; where such a section is the end, its lifted fields are. */
export function visiblePaths(root: Section, path: Path): Path[] {
  let section: Section | undefined = root;
  const steps: (string | number)[] = [];
  for (const step of path) {
    if (typeof step === 'string') section = section?.children.get(step);
    if (typeof step === 'number' || !section?.flatten) steps.push(step);
  }
  return section?.flatten ? [...keysOf(section).keys()].map((key) => [...steps, key]) : [steps];
}

/** The section that response keys lead to. */
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
 * Lifts the fields of flattened sections into the objects around them, in their place.
 * A flattened section that is null gives its fields as nulls, so that the keys of an answer stay the same.
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

/** The keys that an object of this section has in the answer, each with the section's key that it comes from. */
export function keysOf(section: Section): Map<string, string> {
  const keys = new Map<string, string>();
  for (const [key, child] of section.children) {
    if (child.flatten) for (const lifted of keysOf(child).keys()) keys.set(lifted, key);
    else keys.set(key, key);
  }
  return keys;
}
