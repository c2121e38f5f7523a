import { createHash } from 'node:crypto';
import type { DocumentNode, SelectionSetNode } from 'graphql';
import { visit } from 'graphql';
import { LRUCache } from 'lru-cache';
import { FieldIndex } from '../planner/field-index.ts';
import type { Steps } from '../shared/steps.ts';
import type { ClientContext } from '../sources/source.ts';
import { parseFieldSet } from '../supergraph/field-set.ts';
import type { SubgraphType, Supergraph } from '../supergraph/supergraph.ts';
import type { EngineOptions } from './engine.ts';

/** The most sets of active labels whose field index is cached. */
const MAX_LABEL_SETS = 64;

const PERCENT = /^percent\((\d+(?:\.\d+)?)\)$/;

type Names = Map<string, Set<string>>;

/**
 * Decides for each request which labels of progressive `@override` are active. Labels that no field of the document
 * can reach are left out, so that they do not multiply plans.
 * @see
 * https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/entities/migrate-fields#incremental-migration-with-progressive-override
 */
export class OverrideLabels {
  private readonly supergraph: Supergraph;
  private readonly options: Pick<EngineOptions, 'overrideLabels' | 'overridePercentBy'>;
  /** Labels by the names of the fields that have them. */
  private readonly labelsOf: Names = new Map();
  /** By field name, the names of fields that such a field requires. */
  private readonly requiredBy: Names = new Map();
  private readonly inKeys = new Set<string>();
  private readonly plain: FieldIndex;
  private readonly fieldIndexes = new LRUCache<string, FieldIndex>({ max: MAX_LABEL_SETS });

  constructor(supergraph: Supergraph, options: OverrideLabels['options']) {
    this.supergraph = supergraph;
    this.options = options;
    this.plain = new FieldIndex(supergraph);
  }

  /** Reads the labels of a supergraph. */
  static *read(supergraph: Supergraph, options: OverrideLabels['options']): Steps<OverrideLabels> {
    const labels = new OverrideLabels(supergraph, options);
    for (const { types } of supergraph.subgraphs) {
      for (const type of types.values()) {
        labels.read(type);
        yield;
      }
    }
    return labels;
  }

  private read(type: SubgraphType): void {
    for (const { name, overrideLabel, requires, contextArguments } of type.fields.values()) {
      if (overrideLabel) add(this.labelsOf, name, overrideLabel.label);
      const sets = contextArguments.map(({ selection }) => parseFieldSet(selection));
      if (requires) sets.push(requires);
      for (const set of sets) for (const needed of namesIn(set)) add(this.requiredBy, name, needed);
    }
    for (const key of type.keys) for (const name of namesIn(key.fields)) this.inKeys.add(name);
  }

  /** Returns the labels that fields of a document can reach by name, including keys and required fields; sorted. */
  usedBy(document: DocumentNode): readonly string[] {
    if (this.labelsOf.size === 0) return [];
    const names = new Set(this.inKeys);
    visit(document, { Field: (field) => void names.add(field.name.value) });
    const labels = new Set<string>();
    // iterating a set includes what is added to it meanwhile
    for (const name of names) {
      for (const needed of this.requiredBy.get(name) ?? []) names.add(needed);
      for (const label of this.labelsOf.get(name) ?? []) labels.add(label);
    }
    return [...labels].sort();
  }

  /** Returns the labels that are active for a request, in the same order. */
  active(labels: readonly string[], client: ClientContext): readonly string[] {
    if (labels.length === 0) return labels;
    const custom = labels.filter((label) => !PERCENT.test(label));
    const activeCustom = new Set(custom.length > 0 ? this.options.overrideLabels?.(custom, client) : []);
    // one bucket for all labels: the 5 % are among the 20 %, so the number of plans stays small
    let bucket: number | undefined;
    return labels.filter((label) => {
      if (!PERCENT.test(label)) return activeCustom.has(label);
      bucket ??= this.bucketFor(client);
      return isActiveFor(label, bucket);
    });
  }

  /** Returns a number from 0 to just below 100, the same for the same key. */
  private bucketFor(client: ClientContext): number {
    const key = this.options.overridePercentBy?.(client);
    if (key === undefined) return Math.random() * 100;
    return (createHash('sha256').update(key).digest().readUInt32BE(0) / 2 ** 32) * 100;
  }

  /** Returns all labels of the supergraph, sorted. */
  get all(): readonly string[] {
    return [...new Set([...this.labelsOf.values()].flatMap((labels) => [...labels]))].sort();
  }

  fieldIndex(active: readonly string[]): FieldIndex {
    if (active.length === 0) return this.plain;
    const key = active.join(' ');
    const fieldIndex = this.fieldIndexes.get(key) ?? new FieldIndex(this.supergraph, new Set(active));
    this.fieldIndexes.set(key, fieldIndex);
    return fieldIndex;
  }
}

/** Returns whether a label `percent(n)` is active for a bucket from 0 to just below 100. */
export function isActiveFor(label: string, bucket: number): boolean {
  const percent = PERCENT.exec(label)?.[1];
  return percent !== undefined && bucket < Number(percent);
}

function add(names: Names, key: string, value: string): void {
  names.set(key, (names.get(key) ?? new Set()).add(value));
}

function namesIn(set: SelectionSetNode): string[] {
  const names: string[] = [];
  visit(set, { Field: (field) => void names.push(field.name.value) });
  return names;
}
