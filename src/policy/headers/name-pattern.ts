import { linearPattern } from '../../config/linear-pattern.ts';

/** Whether a rule applies to the header of this name, in lower case. */
export type HeaderMatcher = (name: string) => boolean;

export function headerMatcher({
  named,
  matching,
}: {
  named?: readonly string[] | undefined;
  matching?: string | undefined;
}): HeaderMatcher {
  if (matching !== undefined) return linearPattern(matching, { ignoreCase: true });
  const names = new Set(named);
  return (name) => names.has(name);
}
