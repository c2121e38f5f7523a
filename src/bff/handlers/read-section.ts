import type { GraphQLFormattedError } from 'graphql';
import type { SectionPart } from '../../executor/payload.ts';
import { parseJson } from '../../shared/exact-json.ts';
import {
  errorCode,
  type PartialFailure,
  resolveErrors,
  type Section,
  sectionAt,
  visiblePaths,
} from '../endpoints/shape.ts';

type Json = Record<string, unknown>;

/** The data of one section, from the root, with fallbacks where it failed. */
interface ReadSection {
  readonly data: unknown;
  readonly failures: readonly PartialFailure[];
}

/**
 * Reads the payload of a section.
 *
 * In:  `{"reviews":null}` for the object at `user`, and an error at `user.reviews`
 * Out: `{"user":{"reviews":[]}}` where `[]` is the fallback, and the failure of `user.reviews`
 */
export function readSection(
  root: Section,
  { group, path }: SectionPart,
  dataText: string,
  errors: readonly GraphQLFormattedError[],
): ReadSection {
  const parent = (parseJson(dataText) ?? {}) as Json;
  const data = path.reduceRight<Json>((inner, step) => ({ [step]: inner }), parent);
  const { partial, failures } = resolveErrors(root, data, errors);
  const [failed] = failures;
  if (failed === undefined) return { data, failures: partial };
  parent[group.path.at(-1) as string] = sectionAt(root, group.path)?.optional?.fallback ?? null;
  const failure = { code: errorCode(failed), message: failed.message };
  return { data, failures: visiblePaths(root, group.path).map((visible) => ({ path: visible, ...failure })) };
}
