import { shorten } from '../../operation/print-value.ts';
import { ExactNumber } from '../../shared/exact-json.ts';
import { GatewayError } from '../../shared/gateway-error.ts';
import type { UploadedFile } from '../../shared/uploads/uploaded-file.ts';
import { isRecord } from '../graphql-over-http.ts';

/** The paths of each file, by the name of its part. */
export type UploadMap = ReadonlyMap<string, readonly string[]>;

/**
 * Checks the field `map`. Throws `GatewayError` (400) where it is no object of lists of paths, and 413 where it has too many files.
 *
 * In:  `{"0": ["variables.file"], "1": ["variables.files.0", "variables.files.1"]}`
 */
export function readUploadMap(value: unknown, maxFiles: number): UploadMap {
  if (!isRecord(value)) throw badMap('expected an object like {"0": ["variables.file"]}');
  const entries = Object.entries(value);
  if (entries.length > maxFiles) throw tooManyFiles(maxFiles);
  const map = new Map<string, readonly string[]>();
  for (const [name, paths] of entries) {
    if (!Array.isArray(paths) || paths.length === 0 || !paths.every((path) => typeof path === 'string'))
      throw badMap(`"${shorten(name)}" must have a list of paths like ["variables.file"]`);
    map.set(name, paths);
  }
  return map;
}

export function tooManyFiles(maxFiles: number): GatewayError {
  const message = `The request has more than ${maxFiles} files (file_upload.max_files).`;
  return new GatewayError(413, 'REQUEST_TOO_LARGE', message);
}

/**
 * Puts the files into the operation, in place of the nulls at their paths. Throws `GatewayError` (400) for a path without a null.
 * @param operation the parsed field `operations`; it is changed
 */
export function placeFiles(operation: unknown, map: UploadMap, files: ReadonlyMap<string, UploadedFile>): void {
  for (const [name, paths] of map) {
    const file = files.get(name);
    if (file) for (const path of paths) place(operation, path, file);
  }
}

function place(operation: unknown, path: string, file: UploadedFile): void {
  const steps = path.split('.');
  const last = steps.pop() as string;
  if (steps[0] !== 'variables') throw badMap(`the path "${shorten(path)}" must begin with "variables."`);
  let container = operation;
  for (const step of steps) container = member(container, step, path);
  if (member(container, last, path) !== null)
    throw badMap(`the value at the path "${shorten(path)}" must be null in "operations", and have one file`);
  (container as Record<string, unknown>)[last] = file;
}

/** Returns an own member of an object or a list. */
function member(container: unknown, step: string, path: string): unknown {
  const isContainer = typeof container === 'object' && container !== null && !(container instanceof ExactNumber);
  const isKnown = Array.isArray(container) ? INDEX.test(step) : step !== '__proto__';
  if (isContainer && isKnown && Object.hasOwn(container, step)) return (container as Record<string, unknown>)[step];
  throw badMap(`there is nothing at the path "${shorten(path)}" in "operations"`);
}

const INDEX = /^(?:0|[1-9]\d{0,8})$/;

function badMap(what: string): GatewayError {
  return new GatewayError(400, 'BAD_REQUEST', `The field "map" is not valid: ${what}.`);
}
