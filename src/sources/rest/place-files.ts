import type { FetchFiles } from '../source.ts';

/**
 * Puts the files of a fetch into its variables, where its body has null. Each is sent with one call, so none of them is read for sure
 * until its call begins.
 */
export function placeFiles(variables: Record<string, unknown>, files: FetchFiles): void {
  for (const [file, paths] of files) {
    file.isExpected = false;
    for (const path of paths) place({ variables }, path.split('.'), file);
  }
}

/** A plugin may have changed the variables: what has no place any more is left out. */
function place(container: object, steps: readonly string[], file: unknown): void {
  let inner: unknown = container;
  const last = steps.at(-1) as string;
  for (const step of steps.slice(0, -1)) inner = ownMember(inner, step);
  if (ownMember(inner, last) === null) (inner as Record<string, unknown>)[last] = file;
}

function ownMember(container: unknown, name: string): unknown {
  const isContainer = typeof container === 'object' && container !== null && Object.hasOwn(container, name);
  return isContainer ? (container as Record<string, unknown>)[name] : undefined;
}
