import type {
  DocumentNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { Kind } from 'graphql';
import { orderFragments } from './fragment-order.ts';

/** The size of a selection set with its fragments expanded. Counts stop at `Number.MAX_SAFE_INTEGER`. */
export interface Measures {
  /** Fields on the longest path. */
  readonly depth: number;
  /** Fields; those with the same response key in one selection set count once. */
  readonly height: number;
  /** Fields with an alias. */
  readonly aliases: number;
  /** Root fields; those with the same response key in one selection set count once. */
  readonly rootFields: number;
  readonly directives: number;
  /** All selections: fields and fragments. */
  readonly selections: number;
  /** Nested selection sets, including those of fragments: the recursion depth of all later stages. */
  readonly levels: number;
}

export type MeasuredDocument =
  | { readonly operations: readonly Measures[]; readonly cycle: undefined }
  /** Names of fragments in a cycle, the first one repeated at the end. */
  | { readonly cycle: readonly string[] };

const NONE: Measures = { depth: 0, height: 0, aliases: 0, rootFields: 0, directives: 0, selections: 0, levels: 0 };

/**
 * Measures the operations of a document, valid or not. Each fragment is measured once, and its counts are added wherever it is
 * spread, so that the time is linear in the length of the document, whatever its expanded size.
 *
 * In:  `{ me { ...F } you: user { ...F } } fragment F on User { id name }`
 * Out: depth 2, height 6, aliases 1, root fields 2
 */
export function measureDocument(document: DocumentNode): MeasuredDocument {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const operations: OperationDefinitionNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
    else if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const ordered = orderFragments(fragments);
  if (ordered.cycle) return ordered;
  const known = new Map<string, Measures>();
  for (const fragment of ordered.order) {
    const { directives, ...others } = measure(fragment.selectionSet, known);
    known.set(fragment.name.value, { ...others, directives: plus(directives, fragment.directives?.length ?? 0) });
  }
  return { operations: operations.map((operation) => measureOperation(operation, known)), cycle: undefined };
}

type Fragments = ReadonlyMap<string, Measures>;

function measureOperation(operation: OperationDefinitionNode, fragments: Fragments): Measures {
  let own = operation.directives?.length ?? 0;
  for (const { directives } of operation.variableDefinitions ?? []) own += directives?.length ?? 0;
  const { directives, ...others } = measure(operation.selectionSet, fragments);
  return { ...others, directives: plus(directives, own) };
}

function measure({ selections }: SelectionSetNode, fragments: Fragments): Measures {
  let { depth, height, aliases, rootFields, directives, levels } = NONE;
  let count = 0;
  const keys = new Set<string>();
  for (const selection of selections) {
    const below = measureBelow(selection, fragments);
    const isField = selection.kind === Kind.FIELD;
    depth = Math.max(depth, isField ? below.depth + 1 : below.depth);
    height = plus(height, below.height);
    aliases = plus(aliases, below.aliases);
    directives = plus(directives, below.directives + (selection.directives?.length ?? 0));
    count = plus(count, below.selections + 1);
    levels = Math.max(levels, below.levels);
    if (!isField) {
      rootFields = plus(rootFields, below.rootFields);
      continue;
    }
    if (selection.alias) aliases = plus(aliases, 1);
    const key = (selection.alias ?? selection.name).value;
    if (keys.has(key)) continue;
    keys.add(key);
    height = plus(height, 1);
    rootFields = plus(rootFields, 1);
  }
  return { depth, height, aliases, rootFields, directives, selections: count, levels: levels + 1 };
}

function measureBelow(selection: SelectionNode, fragments: Fragments): Measures {
  if (selection.kind === Kind.FRAGMENT_SPREAD) return fragments.get(selection.name.value) ?? NONE;
  if (!selection.selectionSet) return NONE;
  const below = measure(selection.selectionSet, fragments);
  // introspection has a limit of its own, and tools send large introspection queries
  return selection.kind === Kind.FIELD && isIntrospection(selection.name.value)
    ? { ...below, depth: 0, height: 0 }
    : below;
}

function isIntrospection(name: string): boolean {
  return name === '__schema' || name === '__type';
}

/** Adds counts. Exponential growth must not reach numbers that cannot be compared exactly. */
function plus(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}
