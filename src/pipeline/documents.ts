import type { DocumentNode, GraphQLFormattedError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { getOperationAST, Kind } from 'graphql';
import { LRUCache } from 'lru-cache';
import { conditionVariables } from '../operation/conditions.ts';
import { shorten } from '../operation/print-value.ts';
import type { RequestLimits } from './limits.ts';
import { parseDocument } from './parse.ts';
import type { PreparedOperation } from './prepared-operation.ts';
import { type ValidationOptions, validateDocument } from './validate.ts';

/** A client's document, parsed and validated once. */
export interface ClientDocument {
  readonly document: DocumentNode;
  /** Names of the variables that `@skip` and `@include` depend on. */
  readonly conditions: readonly string[];
  /** Labels of progressive `@override` that fields of this document can meet. */
  readonly labels: readonly string[];
  /** A policy has to see each request for it. */
  readonly countsRequests: boolean;
  /** For a policy it depends on who asks. */
  readonly dependsOnClient: boolean;
  /** Prepared operations by operation name, condition values and the labels that are on. */
  readonly prepared: LRUCache<string, PreparedOperation>;
}

export interface RefusedDocument {
  readonly refusal: 'parse' | 'limit' | 'validation';
  readonly errors: readonly GraphQLFormattedError[];
}

/** One document may be prepared once for each combination of its conditions; this many are kept. */
const VARIANTS_KEPT = 16;
/** What a document, its plan and its writers take of the heap for each character of its text: measured on large and small ones. */
const BYTES_PER_CHARACTER = 170;
export interface DocumentCacheOptions {
  readonly introspection: boolean;
  /** The labels of progressive `@override` that a document's fields can meet. */
  readonly labelsMet: (document: DocumentNode) => readonly string[];
  /** What policies say of a document. */
  readonly policed: (document: DocumentNode) => Pick<ClientDocument, 'countsRequests' | 'dependsOnClient'>;
  /** Most tokens of one document; no limit by default. */
  readonly maxTokens?: number | undefined;
  readonly limits?: RequestLimits | undefined;
  /** Errors do not suggest names that the schema has. */
  readonly hideSuggestions?: boolean | undefined;
  readonly maxDocuments?: number;
  /** Most memory in bytes, estimated from the lengths of the texts. */
  readonly maxBytes?: number;
}

/** Parsed and validated documents by their text, bounded by count and by an estimate of their memory. */
export class DocumentCache {
  private readonly schema: GraphQLSchema;
  private readonly options: DocumentCacheOptions;
  private readonly validation: ValidationOptions;
  private readonly known: LRUCache<string, ClientDocument | RefusedDocument>;

  constructor(schema: GraphQLSchema, options: DocumentCacheOptions) {
    this.schema = schema;
    this.options = options;
    this.validation = { introspection: options.introspection, hideSuggestions: options.hideSuggestions ?? false };
    this.known = new LRUCache({
      max: options.maxDocuments ?? 2_000,
      maxSize: options.maxBytes ?? 64_000_000,
      sizeCalculation: (_, text) => (text.length + 10) * BYTES_PER_CHARACTER,
    });
  }

  get(text: string): ClientDocument | RefusedDocument {
    let known = this.known.get(text);
    if (!known) {
      known = this.read(text);
      this.known.set(text, known);
    }
    return known;
  }

  /** The texts of valid documents, the one used last first. */
  recent(max: number): string[] {
    const texts: string[] = [];
    for (const [text, known] of this.known.entries()) {
      if (texts.length === max) break;
      if (!('refusal' in known)) texts.push(text);
    }
    return texts;
  }

  /** Reads a document without keeping it. */
  read(text: string): ClientDocument | RefusedDocument {
    try {
      return this.readWithin(text);
    } catch (error) {
      // what runs out of stack on one text does so each time: it is the client's mistake, and is kept as such
      if (error instanceof RangeError) return TOO_DEEP;
      throw error;
    }
  }

  private readWithin(text: string): ClientDocument | RefusedDocument {
    const { limits, maxTokens } = this.options;
    const excessiveText = limits?.text(text);
    if (excessiveText) return excessiveText;
    const document = parseDocument(text, maxTokens);
    if ('refusal' in document) return document;
    const excessive = limits?.document(document);
    if (excessive) return excessive;
    const errors = validateDocument(this.schema, document, text, this.validation);
    if (errors.length > 0) return { refusal: 'validation', errors };
    return {
      document,
      conditions: conditionVariables(document),
      labels: this.options.labelsMet(document),
      ...this.options.policed(document),
      prepared: new LRUCache({ max: VARIANTS_KEPT }),
    };
  }
}

const TOO_DEEP: RefusedDocument = {
  refusal: 'limit',
  errors: [{ message: 'The document nests too deeply to be read.', extensions: { code: 'MAX_RECURSION_LIMIT' } }],
};

/** The operation to run, or why none can be told. */
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
  const more = names.length > NAMES_SHOWN ? ', …' : '';
  const known =
    names
      .slice(0, NAMES_SHOWN)
      .map((one) => shorten(one))
      .join(', ') + more;
  if (name) return { message: `The document has no operation "${shorten(name)}". It has: ${known}.`, extensions };
  return {
    message: `The document has several operations: ${known}. Say which one to run in "operationName".`,
    extensions,
  };
}

const NAMES_SHOWN = 20;
