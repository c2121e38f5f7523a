import type { DocumentNode, GraphQLFormattedError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { getOperationAST, Kind } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Reads } from '../client/depends-on.ts';
import { conditionVariables, initialCountVariables } from '../operation/conditions.ts';
import { isIncremental } from '../operation/deferred-fragments.ts';
import { shorten } from '../operation/print-value.ts';
import type { PluginRun } from '../plugins/plugin-run.ts';
import type { RequestLimits } from './limits.ts';
import { parseDocument } from './parse.ts';
import type { PreparedOperation } from './prepared-operation.ts';
import { type ValidationOptions, validateDocument } from './validate.ts';

/** A parsed and valid document of a client. */
export interface ClientDocument {
  readonly document: DocumentNode;
  /** Names of the variables that `@skip`, `@include`, `@defer` and `@stream` depend on. */
  readonly conditions: readonly string[];
  /** Whether it has the directive `@defer` or `@stream`. */
  readonly isIncremental: boolean;
  /** Names of the variables that say how many items of a list with `@stream` come first. */
  readonly initialCounts: readonly string[];
  /** Labels of progressive `@override` on fields that this document can reach. */
  readonly labels: readonly string[];
  /** Whether a policy must see each request for it. */
  readonly countsRequests: boolean;
  /** What policies and labels read of each request for it. */
  readonly reads: Reads;
  /** Prepared operations by operation name, condition values and active labels. */
  readonly prepared: LRUCache<string, PreparedOperation>;
}

/** A document that cannot run, and why. */
export interface RefusedDocument {
  readonly refusal: 'parse' | 'limit' | 'validation';
  readonly errors: readonly GraphQLFormattedError[];
}

/** Occurs in every text with `@defer` or `@stream`. */
const INCREMENTAL = /defer|stream/u;

/** A document is prepared once for each combination of its conditions, at most this many times. */
const MAX_VARIANTS = 16;
/**
 * Heap bytes of a document, its plan and its writers for each character of its text, measured on large and small
 * documents.
 */
const BYTES_PER_CHARACTER = 170;
export interface DocumentCacheOptions {
  readonly introspection: boolean;
  /** Returns the labels of progressive `@override` on fields that a document can reach. */
  readonly labelsUsedBy: (document: DocumentNode) => readonly string[];
  /** Returns how policies treat requests for a document, and what they and its labels read. */
  readonly inspectPolicies: (
    document: DocumentNode,
    labels: readonly string[],
  ) => Pick<ClientDocument, 'countsRequests' | 'reads'>;
  /** The most tokens that a document may have; no limit by default. */
  readonly maxTokens?: number | undefined;
  readonly limits?: RequestLimits | undefined;
  /** Whether errors leave out suggestions of schema names. */
  readonly hideSuggestions?: boolean | undefined;
  readonly maxDocuments?: number;
  /** The most memory in bytes, estimated from the lengths of the texts. */
  readonly maxBytes?: number;
}

/** A cache of parsed and validated documents by their text, bounded by count and by estimated memory. */
export class DocumentCache {
  private readonly schema: GraphQLSchema;
  private readonly options: DocumentCacheOptions;
  private readonly validation: ValidationOptions;
  private readonly cache: LRUCache<string, ClientDocument | RefusedDocument>;

  constructor(schema: GraphQLSchema, options: DocumentCacheOptions) {
    this.schema = schema;
    this.options = options;
    this.validation = { introspection: options.introspection, hideSuggestions: options.hideSuggestions ?? false };
    this.cache = new LRUCache({
      max: options.maxDocuments ?? 2_000,
      maxSize: options.maxBytes ?? 64_000_000,
      sizeCalculation: (_, text) => (text.length + 10) * BYTES_PER_CHARACTER,
    });
  }

  /** @param plugins observe the stages of a document that is not cached */
  get(text: string, plugins?: PluginRun): ClientDocument | RefusedDocument {
    let cached = this.cache.get(text);
    if (!cached) {
      cached = this.read(text, plugins);
      this.cache.set(text, cached);
    }
    return cached;
  }

  /** Returns the texts of valid documents, the last used one first. */
  recent(max: number): string[] {
    const texts: string[] = [];
    for (const [text, cached] of this.cache.entries()) {
      if (texts.length === max) break;
      if (!('refusal' in cached)) texts.push(text);
    }
    return texts;
  }

  /** Parses and validates a document without caching it. */
  read(text: string, plugins?: PluginRun): ClientDocument | RefusedDocument {
    try {
      return this.readWithin(text, plugins?.hooks.onStage && plugins);
    } catch (error) {
      // a text that exhausts the stack always does: it is the client's mistake, and the refusal can be cached
      if (error instanceof RangeError) return TOO_DEEP;
      throw error;
    }
  }

  private readWithin(text: string, observer: PluginRun | undefined): ClientDocument | RefusedDocument {
    const { limits, maxTokens } = this.options;
    const excessiveText = limits?.text(text);
    if (excessiveText) return excessiveText;
    const parse = () => parseDocument(text, maxTokens);
    const document = observer ? observer.observe('parse', parse) : parse();
    if ('refusal' in document) return document;
    const limit = () => limits?.document(document);
    const excessive = observer ? observer.observe('limits', limit) : limit();
    if (excessive) return excessive;
    const validate = () => validateDocument(this.schema, document, text, this.validation);
    const errors = observer ? observer.observe('validate', validate) : validate();
    if (errors.length > 0) return { refusal: 'validation', errors };
    const labels = this.options.labelsUsedBy(document);
    const incremental = INCREMENTAL.test(text) && isIncremental(document);
    return {
      document,
      conditions: conditionVariables(document),
      isIncremental: incremental,
      initialCounts: incremental ? initialCountVariables(document) : [],
      labels,
      ...this.options.inspectPolicies(document, labels),
      prepared: new LRUCache({ max: MAX_VARIANTS }),
    };
  }
}

const TOO_DEEP: RefusedDocument = {
  refusal: 'limit',
  errors: [{ message: 'The document nests too deeply to be read.', extensions: { code: 'MAX_RECURSION_LIMIT' } }],
};

/** Returns the operation to run, or an error where the document and the name do not determine one. */
export function chooseOperation(
  document: DocumentNode,
  name: string | null | undefined,
): OperationDefinitionNode | GraphQLFormattedError {
  const operation = getOperationAST(document, name || undefined);
  if (operation) return operation;
  const names = document.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? [definition.name?.value ?? '(without a name)'] : [],
  );
  const extensions = { code: 'GRAPHQL_VALIDATION_FAILED' };
  if (names.length === 0) return { message: 'The document has no operation, only fragments.', extensions };
  const more = names.length > MAX_NAMES ? ', …' : '';
  const known =
    names
      .slice(0, MAX_NAMES)
      .map((one) => shorten(one))
      .join(', ') + more;
  if (name) return { message: `The document has no operation "${shorten(name)}". It has: ${known}.`, extensions };
  return {
    message: `The document has several operations: ${known}. Name the one to run in "operationName".`,
    extensions,
  };
}

const MAX_NAMES = 20;
