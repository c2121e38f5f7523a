import type { RateLimitSettings } from '../../config/rate-limit-settings.ts';
import type { RateLimitUse } from '../../supergraph/rate-limits.ts';
import type { Supergraph, SupergraphType } from '../../supergraph/supergraph.ts';
import { createRule, type Rule } from './rule.ts';

const NO_RULES: readonly Rule[] = [];

/** The limits of fields and types. */
export interface SchemaRules {
  readonly size: number;
  /** Returns the limits of a field, also if it is selected through an interface, or limited on one. */
  ofField(type: string, field: string): readonly Rule[];
  /** Returns the limits of a type, of its interfaces and of its possible types. */
  ofType(type: string): readonly Rule[];
}

/**
 * Collects the limits in a supergraph and in the config. For a coordinate in the config, the schema's limits are ignored.
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

  /** Returns the type, its interfaces, and its possible types. */
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

/** Corrects a limit, since the supergraph may have been composed elsewhere, without our checks. */
function usable(use: RateLimitUse): RateLimitSettings {
  return { ...use, limit: Math.max(1, Math.floor(use.limit) || 1) };
}
