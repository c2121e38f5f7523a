import type { RateLimitSettings } from '../../config/rate-limit-settings.ts';
import type { RateLimitUse } from '../../supergraph/rate-limits.ts';
import type { Supergraph, SupergraphType } from '../../supergraph/supergraph.ts';
import { createRule, type Rule } from './rule.ts';

const NO_RULES: readonly Rule[] = [];

/** The limits of fields and types, as they hold wherever these are selected. */
export interface SchemaRules {
  readonly size: number;
  /** Those of a field, also when it is selected through an interface, or is declared on one. */
  ofField(type: string, field: string): readonly Rule[];
  /** Those of a type, and of the types that may stand where it is selected. */
  ofType(type: string): readonly Rule[];
}

/**
 * Gathers the limits of a supergraph and of the config; where the config names a coordinate, what the schema says there
 * does not count.
 */
export function rulesOfSchema(
  supergraph: Pick<Supergraph, 'types' | 'rateLimits'>,
  configured: Readonly<Record<string, readonly RateLimitSettings[]>>,
): SchemaRules {
  const rules = new Map<string, Rule[]>();
  const add = (coordinate: string, settings: RateLimitSettings) => {
    const known = rules.get(coordinate) ?? [];
    const name = known.length === 0 ? coordinate : `${coordinate}#${known.length + 1}`;
    rules.set(coordinate, [...known, createRule('field', settings, name)]);
  };
  for (const use of supergraph.rateLimits)
    if (!Object.hasOwn(configured, use.coordinate)) add(use.coordinate, usable(use));
  for (const [coordinate, all] of Object.entries(configured)) for (const one of all) add(coordinate, one);

  /** The type, the interfaces that it has, and the objects that it may be. */
  const related = (name: string): Iterable<string> => {
    const type = supergraph.types.get(name);
    return type === undefined ? [name] : new Set([name, ...interfacesOf(type), ...type.possible]);
  };
  const gather = (coordinates: Iterable<string>): readonly Rule[] => {
    const found = new Set<Rule>();
    for (const coordinate of coordinates) for (const rule of rules.get(coordinate) ?? []) found.add(rule);
    return found.size === 0 ? NO_RULES : [...found];
  };
  return {
    size: rules.size,
    ofField: (type, field) => gather([...related(type)].map((one) => `${one}.${field}`)),
    ofType: (type) => gather(related(type)),
  };
}

function interfacesOf(type: SupergraphType): readonly string[] {
  return type.kind === 'object' || type.kind === 'interface' ? type.interfaces : [];
}

/** A supergraph may come from elsewhere, without the checks of our composition. */
function usable(use: RateLimitUse): RateLimitSettings {
  return { ...use, limit: Math.max(1, Math.floor(use.limit) || 1) };
}
