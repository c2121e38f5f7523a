import type { TagCollector } from '../client/tag-collector.ts';
import { parseJson } from '../shared/exact-json.ts';
import type { FetchParts } from '../sources/source.ts';
import type { FetchFacts } from './fetch-facts.ts';

/**
 * Adds the tags of a fetch whose response is not cached, as far as they are known without it: those of its subgraph and types, and of the
 * entities that it looks up. Entities that they lead to are missing.
 */
export function addPlannedTags(collector: TagCollector, parts: FetchParts | undefined, facts: FetchFacts): void {
  collector.isIncomplete = true;
  collector.add(plannedTags(parts, facts));
}

function plannedTags(parts: FetchParts | undefined, facts: FetchFacts): Set<string> {
  const { tags } = facts;
  const all = new Set(tags.ofTypes(undefined));
  if (parts === undefined) return all;
  const add = (some: Iterable<string>) => {
    for (const tag of some) all.add(tag);
  };
  const { root } = parts.planned;
  if (root !== undefined) {
    add(tags.ofTypes(root.node));
    const argsOf = (key: string) => {
      const field = root.node.fields.get(key);
      return field && facts.argumentsOf(root.node, field.alias, parts);
    };
    add(tags.ofRoot(root.node, undefined, argsOf));
  }
  for (const { planned, representations } of parts.lookups()) {
    add(tags.ofTypes(planned.node));
    for (const text of representations) add(tags.ofEntity(planned.node, parseJson(text), undefined));
  }
  return all;
}
