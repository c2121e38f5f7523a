import { ExactNumber } from '../exact-json.ts';
import { UploadedFile } from './uploaded-file.ts';

/** Files with their places: `['variables.files.0']`. */
export type PlacedFiles = Map<UploadedFile, string[]>;

/** Adds the files in a value to `found`. `path` is that of the value. */
export function findFiles(value: unknown, path: string, found: PlacedFiles): void {
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return;
  if (value instanceof UploadedFile) {
    const places = found.get(value);
    if (places) places.push(path);
    else found.set(value, [path]);
  } else if (Array.isArray(value))
    for (let at = 0; at < value.length; at++) findFiles(value[at], `${path}.${at}`, found);
  else for (const [name, inner] of Object.entries(value)) findFiles(inner, `${path}.${name}`, found);
}

/** Returns the files in variables; `undefined` where there are none. */
export function filesInVariables(
  names: Iterable<string>,
  variable: (name: string) => unknown,
): ReadonlyMap<UploadedFile, readonly string[]> | undefined {
  const found: PlacedFiles = new Map();
  for (const name of names) findFiles(variable(name), `variables.${name}`, found);
  return found.size === 0 ? undefined : found;
}

/**
 * Returns variables with the files of the former ones in their places, where these are null now: JSON has null in place of a file.
 * Changes neither.
 */
export function restoreFiles<T>(former: unknown, value: T): T;
export function restoreFiles(former: unknown, value: unknown): unknown {
  if (former instanceof UploadedFile) return value ?? former;
  if (!isContainer(former) || !isContainer(value) || Array.isArray(former) !== Array.isArray(value)) return value;
  let restored: typeof value | undefined;
  for (const [name, inner] of Object.entries(former)) {
    if (!Object.hasOwn(value, name)) continue;
    const file = restoreFiles(inner, value[name]);
    if (file === value[name]) continue;
    restored ??= Array.isArray(value) ? ([...value] as never) : { ...value };
    (restored as Record<string, unknown>)[name] = file;
  }
  return restored ?? value;
}

function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !(value instanceof ExactNumber) && !(value instanceof UploadedFile)
  );
}
