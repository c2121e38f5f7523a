import type { CompiledRequest } from './compile.ts';
import { gatherByContext } from './gather-by-context.ts';
import { type GatheredEntities, gatherEntities } from './gather-entities.ts';
import type { MergeProblems } from './response-merger.ts';
import type { ResponseObjects } from './response-objects.ts';

/** Gathers the entities of all look-ups of a request, and reports objects whose context values could not be read. */
export function gatherLookups(
  request: CompiledRequest,
  targets: ResponseObjects,
  problems: MergeProblems,
): GatheredEntities[] {
  const { lookups } = request;
  const [first] = lookups;
  // an array that is pushed to reserves room for many items
  if (first && lookups.length === 1 && !first.contexts) return [gatherEntities(first, targets)];
  const sent: GatheredEntities[] = [];
  for (const lookup of lookups) {
    if (!lookup.contexts) {
      sent.push(gatherEntities(lookup, targets));
      continue;
    }
    const left = gatherByContext(lookup, lookup.contexts, targets, sent);
    if (left.length > 0) problems.report.addMissingInputs(request, lookup, left, lookup.keys);
  }
  return sent;
}
