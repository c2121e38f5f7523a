import { Kind, type SelectionSetNode } from 'graphql';
import type { OpSelection } from '../../src/operation/operation.ts';
import type { Subgraph, Supergraph } from '../../src/supergraph/supergraph.ts';
import { type Need, type Needs, needsOf } from './needs.ts';

/** The best that any plan can do. */
export interface Optimum {
  readonly requests: number;
  /** The fewest waves, whatever the number of requests. */
  readonly waves: number;
}

type Known = ReadonlySet<number>;

/** More states than this, and the search is given up. */
const MAX_STATES = 20_000;

/**
 * Finds the fewest requests that answer a query, by trying every way to ask.
 *
 * Problem: a plan is a set of subgraphs for each wave. The first wave asks for root fields; each later one looks up by key
 * whatever can be looked up. Once it is fixed who is asked when, nothing is lost by reading all that can be read: so a
 * wave's outcome follows from what was known before it, and only the choice of subgraphs is left to try.
 *
 * In:  `{ topProducts { name reviews { body } } }`
 * Out: `{ requests: 2, waves: 2 }`
 *
 * Knows object types only: no interfaces, unions, `@provides`, nor a second visit to the root. `undefined` where no plan
 * has at most `limit` requests, or the search grows too large.
 */
export function findOptimum(selection: OpSelection, supergraph: Supergraph, limit: number): Optimum | undefined {
  const search = new Search(needsOf(selection, supergraph), supergraph);
  const waves = search.fewestWaves();
  if (waves === undefined) return undefined;
  for (let requests = 0; requests <= limit; requests++) {
    const found = search.isEnough(requests);
    if (found === undefined) return undefined;
    if (found) return { requests, waves };
  }
  return undefined;
}

class Search {
  private readonly needs: Needs;
  private readonly subgraphs: readonly Subgraph[];
  private states = 0;

  constructor(needs: Needs, supergraph: Supergraph) {
    this.needs = needs;
    this.subgraphs = supergraph.subgraphs;
  }

  /** Asks everybody in each wave until all is known. */
  fewestWaves(): number | undefined {
    let known: Known = new Set();
    for (let wave = 0; ; wave++) {
      if (this.isDone(known)) return wave;
      const before = known;
      known = union(known, ...this.subgraphs.map((subgraph) => this.ask(subgraph, before, wave)));
      if (known.size === before.size) return undefined;
    }
  }

  isEnough(requests: number): boolean | undefined {
    const found = this.tryWave(new Set(), 0, requests);
    return this.states > MAX_STATES ? undefined : found;
  }

  private tryWave(known: Known, wave: number, left: number): boolean {
    if (this.isDone(known)) return true;
    if (left === 0 || ++this.states > MAX_STATES) return false;
    const useful = this.subgraphs
      .map((subgraph) => this.ask(subgraph, known, wave))
      .filter((learned) => learned.size > 0);
    return this.tryGroups(useful, known, known, wave, left);
  }

  /** Tries each group of at most `left` subgraphs for one wave, then what comes after it. */
  private tryGroups(useful: readonly Known[], before: Known, known: Known, wave: number, left: number): boolean {
    const [first, ...others] = useful;
    if (!first) return known !== before && this.tryWave(known, wave + 1, left);
    if (left > 0 && this.tryGroups(others, before, union(known, first), wave, left - 1)) return true;
    return this.tryGroups(others, before, known, wave, left);
  }

  private isDone(known: Known): boolean {
    for (const goal of this.needs.goals) if (!known.has(goal)) return false;
    return true;
  }

  /** What one request teaches that was not known. */
  private ask(subgraph: Subgraph, known: Known, wave: number): Known {
    const learned = new Set<number>();
    if (wave === 0) this.read(this.needs.root, subgraph, known, learned, false);
    else
      for (const place of this.needs.places) {
        const keys = subgraph.types.get(place.type)?.keys ?? [];
        if (keys.some((key) => key.resolvable && isKnown(place, key.fields, known)))
          this.read(place, subgraph, known, learned, true);
      }
    return learned;
  }

  /** Reads all that a subgraph has of objects; what requires inputs only where the objects themselves are looked up. */
  private read(need: Need, subgraph: Subgraph, known: Known, learned: Set<number>, lookedUp: boolean): void {
    const view = subgraph.types.get(need.type);
    for (const { id, name, below } of need.fields.values()) {
      const field = view?.fields.get(name);
      if (!field || field.external) continue;
      if (field.requires && !(lookedUp && isKnown(need, field.requires, known))) continue;
      if (!known.has(id)) learned.add(id);
      if (below) this.read(below, subgraph, known, learned, false);
    }
  }
}

/** Whether all of a field set is known of the objects at a place. */
function isKnown(need: Need, set: SelectionSetNode, known: Known): boolean {
  return set.selections.every((node) => {
    if (node.kind !== Kind.FIELD || node.name.value === '__typename') return true;
    const field = need.fields.get(node.name.value);
    if (!field || !known.has(field.id)) return false;
    return !node.selectionSet || (field.below !== undefined && isKnown(field.below, node.selectionSet, known));
  });
}

function union(...sets: readonly Known[]): Set<number> {
  const all = new Set<number>();
  for (const set of sets) for (const item of set) all.add(item);
  return all;
}
