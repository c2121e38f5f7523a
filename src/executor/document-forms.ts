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

/**
 * The documents that one planned request may send: the whole, and those without look-ups that have nothing to look up,
 * since a subgraph may refuse an empty list of representations. They are written when first needed.
 */
export class DocumentForms {
  readonly whole: DocumentForm;
  private readonly planned: PlannedRequest;
  /** By the aliases that are left. At most as many are kept as there are look-ups, whatever combinations turn up. */
  private readonly partial = new Map<string, DocumentForm>();

  constructor(planned: PlannedRequest) {
    this.planned = planned;
    this.whole = { bodyHead: head(planned.document), variables: planned.variables };
  }

  /** @param sent what each look-up of the request has to look up, in their order */
  formFor(sent: readonly GatheredEntities[]): DocumentForm {
    for (let i = 0; i < sent.length; i++) if ((sent[i] as GatheredEntities).count === 0) return this.without(sent);
    return this.whole;
  }

  private without(sent: readonly GatheredEntities[]): DocumentForm {
    const { lookups } = this.planned;
    const left = lookups.filter((_, index) => (sent[index]?.count ?? 0) > 0);
    const key = left.map(({ alias }) => alias).join();
    const known = this.partial.get(key);
    if (known) return known;
    const { text, variables } = this.planned.documentFor(left);
    const form = { bodyHead: head(text), variables };
    if (this.partial.size >= lookups.length) this.partial.clear();
    this.partial.set(key, form);
    return form;
  }
}

function head(document: string): string {
  return `{"query":${quote(document)}`;
}
