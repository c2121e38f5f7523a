import { countOf } from './failure.ts';

/** The effects of a schema change on endpoints or documents. */
export interface Effect {
  /** A summary line: `endpoints  bff: 1 broken`. */
  readonly summary: string;
  /** A text for each broken one. */
  readonly broken: readonly string[];
  /** A text for each one that takes more requests or waves than before. */
  readonly slower: readonly string[];
  /** A text for each one that is invalid before and after the change. */
  readonly invalid?: readonly string[];
}

export function summarize(
  broken: readonly unknown[],
  slower: readonly unknown[],
  problems: readonly unknown[] = [],
  invalid: readonly unknown[] = [],
): string {
  const parts = [
    ...(broken.length > 0 ? [`${broken.length} broken`] : []),
    ...(invalid.length > 0 ? [`${invalid.length} invalid before and now`] : []),
    ...(slower.length > 0 ? [`${slower.length} slower`] : []),
    ...(problems.length > 0 ? [countOf(problems.length)] : []),
  ];
  return parts.length === 0 ? 'as before' : parts.join(', ');
}

export function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
