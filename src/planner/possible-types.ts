import type { Subgraph } from '../supergraph/supergraph.ts';
import type { FieldIndex } from './field-index.ts';
import { getOrMake } from './maps.ts';
import type { Position } from './positions.ts';
import { overlaps } from './subgraph-scope.ts';

/**
 * Determines which runtime types objects at a position may have. A union that several subgraphs may return contains,
 * there, only the types that all of them define.
 *
 * In:  `search: Result`, with `union Result = Book | Film` in one subgraph and `Book` alone in another that has
 * `search`
 * Out: `Book` is possible there, `Film` is not
 */
export class PossibleTypes {
  private readonly fieldIndex: FieldIndex;
  private readonly sources = new Map<Position, readonly Subgraph[]>();

  constructor(fieldIndex: FieldIndex) {
    this.fieldIndex = fieldIndex;
  }

  /** Returns whether objects at a position may be of a type, according to the subgraphs that may return them. */
  canBe(position: Position, typeName: string): boolean {
    const first = position.nodes[0];
    if (!first) return true;
    if (!overlaps(this.fieldIndex, first.type, typeName)) return false;
    if (first.type.kind !== 'union') return true;
    // a union that several subgraphs may return here contains only the types that all of them define
    return this.sourcesOf(position).every((subgraph) => {
      const type = subgraph.types.get(first.type.name);
      return !type || overlaps(this.fieldIndex, type, typeName);
    });
  }

  /** Returns the subgraphs that could return the objects at a position. */
  private sourcesOf(position: Position): readonly Subgraph[] {
    return getOrMake(this.sources, position, () => this.findSources(position));
  }

  private findSources({ origin, type }: Position): Subgraph[] {
    const { subgraphs } = this.fieldIndex.supergraph;
    if (!origin) return [...subgraphs];
    const above = this.sourcesOf(origin.parent);
    const producers = this.fieldIndex.providers(origin.owner, origin.alias.name).map((provider) => provider.subgraph);
    const looked = new Set(this.fieldIndex.entries(type).map((entry) => entry.subgraph));
    return subgraphs.filter(
      (subgraph) => looked.has(subgraph) || (producers.includes(subgraph) && above.includes(subgraph)),
    );
  }
}
