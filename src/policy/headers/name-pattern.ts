import { linearPattern } from '../../config/linear-pattern.ts';

/** Whether a rule is about the header of this name, which is in lower case. */
export type Choose = (name: string) => boolean;

export function chooser({
  named,
  matching,
}: {
  named?: readonly string[] | undefined;
  matching?: string | undefined;
}): Choose {
  if (matching !== undefined) return linearPattern(matching, { ignoreCase: true });
  const names = new Set(named);
  return (name) => names.has(name);
}
