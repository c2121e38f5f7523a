import type { PlannedRequest } from '../planner/plan.ts';
import type { RootFieldText } from '../planner/print-document.ts';
import { namedDocument } from '../shared/named-document.ts';
import type { GatheredEntities } from './gather-entities.ts';
import { quote } from './json-text.ts';

/** A document as it is sent. */
export interface RequestDocument {
  /** `{"query":"…"`, with the document escaped once. */
  readonly bodyHead: string;
  /** The same without the name of the operation; `undefined` where it has none. */
  readonly namelessHead: string | undefined;
  /** Names of the client variables that it uses. */
  readonly variables: readonly string[];
}

const MAX_CACHED = 32;

/**
 * The documents that one planned request may send: the whole, and those without look-ups that have no entities,
 * because a subgraph may reject an empty list of representations. A look-up with values from contexts appears once
 * for each set of values. All documents are printed when first needed.
 */
export class RequestDocuments {
  readonly whole: RequestDocument;
  private readonly planned: PlannedRequest;
  private readonly hasContexts: boolean;
  /** The root fields, each on its own; `undefined` where they cannot be separated. Printed when first needed. */
  private fields: readonly RootFieldText[] | undefined | 'unread' = 'unread';
  /** By the aliases in the document. Holds at most as many documents as there are look-ups. */
  private readonly partial = new Map<string, RequestDocument>();

  constructor(planned: PlannedRequest) {
    this.planned = planned;
    this.hasContexts = planned.lookups.some(({ contextVariables }) => contextVariables.length > 0);
    this.whole = documentOf(planned.document, planned.variables, planned.name);
  }

  /**
   * Returns the document to send.
   * @param sent the entities of each look-up, once for each set of values from contexts, in order
   */
  select(sent: readonly GatheredEntities[]): RequestDocument {
    if (this.hasContexts) return this.withParts(sent);
    for (let i = 0; i < sent.length; i++) if ((sent[i] as GatheredEntities).count === 0) return this.withParts(sent);
    return this.whole;
  }

  /** Returns the root fields, each on its own; `undefined` where they cannot be separated. */
  rootFields(): readonly RootFieldText[] | undefined {
    if (this.fields === 'unread') this.fields = this.planned.root?.fields();
    return this.fields;
  }

  /** Returns the document with some of the {@link rootFields}. */
  selectFields(fields: readonly RootFieldText[]): RequestDocument {
    const { root, name } = this.planned;
    if (root === undefined || fields.length === this.rootFields()?.length) return this.whole;
    const key = fields.map((field) => field.key).join();
    const known = this.partial.get(key);
    if (known) return known;
    const { text, variables } = root.documentFor(fields);
    const document = documentOf(text, variables, name);
    if (this.partial.size >= MAX_CACHED) this.partial.clear();
    this.partial.set(key, document);
    return document;
  }

  private withParts(sent: readonly GatheredEntities[]): RequestDocument {
    const parts = sent.flatMap(({ count, part }) => (count > 0 ? [part] : []));
    const key = parts.map(({ alias }) => alias).join();
    const known = this.partial.get(key);
    if (known) return known;
    const { text, variables } = this.planned.documentFor(parts);
    const document = documentOf(text, variables, this.planned.name);
    // many sets of context values make long documents that rarely repeat
    if (parts.length > MAX_CACHED) return document;
    if (this.partial.size >= Math.max(this.planned.lookups.length, this.hasContexts ? MAX_CACHED : 0))
      this.partial.clear();
    this.partial.set(key, document);
    return document;
  }
}

function documentOf(text: string, variables: readonly string[], name: string | undefined): RequestDocument {
  const nameless = head(text);
  if (name === undefined) return { bodyHead: nameless, namelessHead: undefined, variables };
  const bodyHead = `${head(namedDocument(text, name))},"operationName":${quote(name)}`;
  return { bodyHead, namelessHead: nameless, variables };
}

function head(document: string): string {
  return `{"query":${quote(document)}`;
}
