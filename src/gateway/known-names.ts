import { Kind, type SelectionSetNode } from 'graphql';
import type { InvalidationRequest } from '../cache/invalidator.ts';
import { nearest } from '../config/nearest.ts';
import type { Subgraph } from '../supergraph/supergraph.ts';

/** Types by name, with the fields of their keys: `id`, `id sku`. */
type Types = Map<string, Set<string>>;

/**
 * The names that invalidation requests can have: subgraphs, types and keys of all schemas that this process has served. A request with
 * another name removes nothing, and is most likely a mistake.
 */
export class KnownNames {
  readonly #subgraphs = new Map<string, Types>();

  /** Adds what the subgraphs of a schema have. */
  add(subgraphs: readonly Pick<Subgraph, 'name' | 'types'>[]): void {
    for (const { name, types } of subgraphs) {
      const known: Types = this.#subgraphs.get(name) ?? new Map();
      this.#subgraphs.set(name, known);
      for (const [type, { keys, possible, kind }] of types) {
        addKeys(known, type, keys);
        for (const one of possible) addKeys(known, one, []);
        // the objects of an interface object have types that only other subgraphs know
        if (kind === 'interfaceObject') for (const one of possibleIn(subgraphs, type)) addKeys(known, one, keys);
      }
    }
  }

  /** Returns what is unknown in requests, each as a sentence with the place of the request. */
  unknownIn(requests: readonly InvalidationRequest[]): string[] {
    return requests.flatMap((request, index) => this.#unknown(request).map((text) => `Request ${index}: ${text}`));
  }

  #unknown(request: InvalidationRequest): string[] {
    switch (request.kind) {
      case 'subgraph':
        return this.#unknownSubgraphs([request.subgraph]);
      case 'cache_tag':
        return this.#unknownSubgraphs(request.subgraphs ?? []);
      case 'type': {
        const types = this.#subgraphs.get(request.subgraph);
        if (types === undefined) return this.#unknownSubgraphs([request.subgraph]);
        return types.has(request.type) ? [] : [unknownType(request.type, types.keys(), request.subgraph)];
      }
      case 'entity':
        return this.#unknownEntity(request);
    }
  }

  #unknownEntity({ subgraph, type, key }: Extract<InvalidationRequest, { kind: 'entity' }>): string[] {
    if (subgraph !== undefined && !this.#subgraphs.has(subgraph)) return this.#unknownSubgraphs([subgraph]);
    const all = [...this.#subgraphs].filter(([name]) => subgraph === undefined || name === subgraph);
    const defining = all.flatMap(([, types]) => types.get(type) ?? []);
    if (defining.length === 0) {
      const names = new Set(all.flatMap(([, types]) => [...types.keys()]));
      return [unknownType(type, names, subgraph)];
    }
    // endpoints know the entities of all types with an id
    const keys = new Set([...defining.flatMap((own) => [...own]), ...(subgraph === undefined ? ['id'] : [])]);
    const isKnown = typeof key === 'string' ? [...keys].some(isOneField) : keys.has(namesOf(Object.keys(key)));
    if (isKnown) return [];
    const given = typeof key === 'string' ? 'of one field' : `with ${quoted(Object.keys(key))}`;
    const expected = [...keys].map((one) => quoted(one.split(' ')));
    const hint = expected.length === 0 ? 'it has no key' : `its keys have ${expected.join(', or ')}`;
    return [`"${type}"${inSubgraph(subgraph)} has no key ${given}; ${hint}.`];
  }

  #unknownSubgraphs(names: readonly string[]): string[] {
    return names
      .filter((name) => !this.#subgraphs.has(name))
      .map((name) => `there is no subgraph "${name}"${didYouMean(name, this.#subgraphs.keys())}`);
  }
}

function addKeys(known: Types, type: string, keys: readonly { readonly fields: SelectionSetNode }[]): void {
  const all = known.get(type) ?? new Set();
  known.set(type, all);
  for (const { fields } of keys) {
    const names = fields.selections.flatMap((one) => (one.kind === Kind.FIELD ? one.name.value : []));
    all.add(namesOf(names.filter((name) => name !== '__typename')));
  }
}

/** Returns the types that a type may be in any of the subgraphs. */
function possibleIn(subgraphs: readonly Pick<Subgraph, 'types'>[], type: string): string[] {
  return subgraphs.flatMap(({ types }) => [...(types.get(type)?.possible ?? [])]);
}

function namesOf(fields: readonly string[]): string {
  return [...fields].sort().join(' ');
}

const isOneField = (key: string) => !key.includes(' ');

const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(' and ');

function unknownType(type: string, known: Iterable<string>, subgraph: string | undefined): string {
  return `there is no type "${type}"${inSubgraph(subgraph)}${didYouMean(type, known)}`;
}

function inSubgraph(subgraph: string | undefined): string {
  return subgraph === undefined ? '' : ` in the subgraph "${subgraph}"`;
}

function didYouMean(name: string, known: Iterable<string>): string {
  const [near] = nearest(name, known);
  return near === undefined ? '.' : `. Did you mean "${near}"?`;
}
