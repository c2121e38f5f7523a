import type { PlannedRequest } from '../planner/plan.ts';
import type { GatheredEntities } from './gather-entities.ts';
import { quote } from './json-text.ts';

/** A document as it is sent. */
export interface DocumentForm {
  /** `{"query":"…"`, the document escaped once. */
  readonly bodyHead: string;
  /** Names of the client variables that it uses. */
  readonly variables: readonly string[];
}

const PARTS_KEPT = 32;

/**
 * The documents that one planned request may send: the whole, and those without look-ups that have nothing to look up,
 * since a subgraph may refuse an empty list of representations. A look-up that takes values from contexts is there once for
 * each set of values. All are written when first needed.
 */
export class DocumentForms {
  readonly whole: DocumentForm;
  private readonly planned: PlannedRequest;
  private readonly hasContexts: boolean;
  /** By the aliases that are there. At most as many are kept as there are look-ups, whatever combinations turn up. */
  private readonly partial = new Map<string, DocumentForm>();

  constructor(planned: PlannedRequest) {
    this.planned = planned;
    this.hasContexts = planned.lookups.some(({ contextVariables }) => contextVariables.length > 0);
    this.whole = { bodyHead: head(planned.document), variables: planned.variables };
  }

  /** @param sent what each look-up of the request has to look up, once for each set of values from contexts, in their order */
  formFor(sent: readonly GatheredEntities[]): DocumentForm {
    if (this.hasContexts) return this.withParts(sent);
    for (let i = 0; i < sent.length; i++) if ((sent[i] as GatheredEntities).count === 0) return this.withParts(sent);
    return this.whole;
  }

  private withParts(sent: readonly GatheredEntities[]): DocumentForm {
    const parts = sent.flatMap(({ count, part }) => (count > 0 ? [part] : []));
    const key = parts.map(({ alias }) => alias).join();
    const known = this.partial.get(key);
    if (known) return known;
    const { text, variables } = this.planned.documentFor(parts);
    const form = { bodyHead: head(text), variables };
    // where values from contexts multiply them, documents may be long, and the next one another
    if (parts.length > PARTS_KEPT) return form;
    if (this.partial.size >= Math.max(this.planned.lookups.length, this.hasContexts ? PARTS_KEPT : 0))
      this.partial.clear();
    this.partial.set(key, form);
    return form;
  }
}

function head(document: string): string {
  return `{"query":${quote(document)}`;
}
