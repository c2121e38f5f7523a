import type {
  DocumentNode,
  FragmentDefinitionNode,
  GraphQLFormattedError,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { BREAK, executeSync, Kind, visit } from 'graphql';
import { LRUCache } from 'lru-cache';
import { IntrospectionLimit } from './introspection-size.ts';
import type { LimitRefusal } from './limits.ts';
import { showDefaultsAsWritten } from './written-defaults.ts';

/** The result of the introspection fields of an operation. */
export interface Introspected {
  /** JSON texts by response key. */
  readonly texts: ReadonlyMap<string, string>;
  readonly errors: readonly GraphQLFormattedError[];
}

export const NOTHING_INTROSPECTED: Introspected = { texts: new Map(), errors: [] };

/** Reduces an operation to its introspection fields; `undefined` where it has none. */
export function introspectionPart(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): DocumentNode | undefined {
  if (operation.operation !== 'query') return undefined;
  const extractor = new IntrospectionExtractor(document);
  const selectionSet = extractor.extract(operation.selectionSet);
  if (selectionSet.selections.length === 0) return undefined;
  return { kind: Kind.DOCUMENT, definitions: [{ ...operation, selectionSet }, ...extractor.fragments()] };
}

/**
 * Extracts the introspection fields of root selections, and the fragments that contain some. Each fragment is
 * extracted once and stays a fragment: inlined fragments could multiply.
 */
class IntrospectionExtractor {
  private readonly originals = new Map<string, FragmentDefinitionNode>();
  /** Reduced fragments that are spread at the root. */
  private readonly extracted = new Map<string, FragmentDefinitionNode>();

  constructor({ definitions }: DocumentNode) {
    for (const definition of definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.originals.set(definition.name.value, definition);
    }
  }

  /** Returns the fragments: those spread at the root reduced, the others unchanged. */
  fragments(): FragmentDefinitionNode[] {
    return [...new Map([...this.originals, ...this.extracted]).values()].filter(
      (f) => f.selectionSet.selections.length > 0,
    );
  }

  extract({ selections, kind }: SelectionSetNode): SelectionSetNode {
    const filtered = selections.flatMap((selection): SelectionNode[] => {
      if (selection.kind === Kind.FIELD) return isIntrospection(selection.name.value) ? [selection] : [];
      if (selection.kind === Kind.FRAGMENT_SPREAD)
        return this.hasIntrospection(selection.name.value) ? [selection] : [];
      const selectionSet = this.extract(selection.selectionSet);
      return selectionSet.selections.length === 0 ? [] : [{ ...selection, selectionSet }];
    });
    return { kind, selections: filtered };
  }

  private hasIntrospection(name: string): boolean {
    let extracted = this.extracted.get(name);
    const original = this.originals.get(name);
    if (!extracted && original) {
      extracted = { ...original, selectionSet: this.extract(original.selectionSet) };
      this.extracted.set(name, extracted);
    }
    return extracted !== undefined && extracted.selectionSet.selections.length > 0;
  }
}

function isIntrospection(name: string): boolean {
  return name === '__schema' || name === '__type';
}

/** The most characters of JSON text that are cached for one schema. */
const MAX_CACHED_CHARACTERS = 8_000_000;

/**
 * Resolves introspection fields from the public schema with graphql-js. Results that do not depend on variables are
 * cached: tools repeat the same large query.
 */
export class Introspector {
  private readonly schema: GraphQLSchema;
  private readonly limit: IntrospectionLimit;
  private readonly refused = new WeakMap<DocumentNode, LimitRefusal>();
  private readonly cached = new LRUCache<DocumentNode, Introspected>({
    maxSize: MAX_CACHED_CHARACTERS,
    sizeCalculation: ({ texts, errors }) => {
      let size = 1_000 * (1 + errors.length);
      for (const text of texts.values()) size += text.length;
      return size;
    },
  });

  constructor(schema: GraphQLSchema) {
    this.schema = schema;
    showDefaultsAsWritten(schema);
    this.limit = new IntrospectionLimit(schema);
  }

  /**
   * Returns a refusal if an introspection selects more than any tool needs. Takes the arguments of {@link
   * introspect}.
   */
  refuse(document: DocumentNode, variables: Readonly<Record<string, unknown>>): LimitRefusal | undefined {
    if (this.cached.has(document)) return undefined;
    const known = this.refused.get(document);
    if (known) return known;
    const allowed = this.limit.exceededBy(document, variables);
    if (allowed === undefined) return undefined;
    const refusal = introspectionTooLarge(allowed);
    if (!usesVariables(document)) this.refused.set(document, refusal);
    return refusal;
  }

  /**
   * Returns the result of an introspection.
   * @param document the result of `introspectionPart` for an operation, the same object each time
   */
  introspect(document: DocumentNode, variables: Readonly<Record<string, unknown>>): Introspected {
    const cached = this.cached.get(document);
    if (cached) return cached;
    const introspected = introspect(this.schema, document, variables);
    if (!usesVariables(document)) this.cached.set(document, introspected);
    return introspected;
  }
}

function usesVariables({ definitions }: DocumentNode): boolean {
  let uses = false;
  for (const definition of definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    visit(definition.selectionSet, {
      Variable() {
        uses = true;
        return BREAK;
      },
    });
  }
  return uses;
}

function introspect(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
): Introspected {
  const { data, errors } = executeSync({ schema, document, variableValues: variables });
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(data ?? {})) texts.set(key, JSON.stringify(value));
  return { texts, errors: (errors ?? []).map((error) => error.toJSON()) };
}

function introspectionTooLarge(allowed: number): LimitRefusal {
  const message =
    `The introspection selects more than ${allowed} values, which is the limit. ` +
    'Select less of the schema in one operation, with fewer aliases.';
  return { refusal: 'limit', errors: [{ message, extensions: { code: 'MAX_INTROSPECTION_LIMIT' } }] };
}
