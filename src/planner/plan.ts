import type { DeferredFields } from '../operation/defer-groups.ts';
import type { Operation, OpSelection } from '../operation/operation.ts';
import type { Subgraph } from '../supergraph/supergraph.ts';
import type { ContextValue, FetchNode, Position, Representation } from './positions.ts';
import type { EntityLookupDocument, PrintedDocument, RootFieldText } from './print-document.ts';

/** Everything that is needed to execute one operation, independent of a single request. */
export interface QueryPlan {
  readonly operation: Operation;
  /** Where objects are in the response, and under which keys their fields are fetched. */
  readonly root: Position;
  readonly positionCount: number;
  /** In an order in which each request comes after all that it depends on. */
  readonly requests: readonly PlannedRequest[];
  readonly selection: OpSelection;
  /** The fields of defer groups; `undefined` where there are none. */
  readonly deferred: DeferredFields | undefined;
}

/** One request to one subgraph. */
export interface PlannedRequest {
  readonly id: number;
  readonly subgraph: Subgraph;
  readonly kind: 'root' | 'entities';
  readonly operationType: Operation['kind'];
  readonly dependsOn: readonly number[];
  /** The numbers of the only defer groups that need it; `undefined` where the rest needs it. */
  readonly groups: readonly number[] | undefined;
  /** The wave in which it is sent, if all requests took the same time. */
  readonly level: number;
  /** The name that the operation is sent with: `Shop__products__1`. */
  readonly name?: string | undefined;
  /** The document to send, with the fewest characters, and without a name. */
  readonly document: string;
  /** Names of the client variables that the document uses. */
  readonly variables: readonly string[];
  /** For a root request: where its data goes, and what it reads. */
  readonly root: PlannedRoot | undefined;
  readonly lookups: readonly PlannedLookup[];
  /** Prints the document for some of the look-ups only, or for several sets of context values. */
  readonly documentFor: (parts: readonly EntityLookupDocument[]) => PrintedDocument;
}

/** The root fields of a request. */
export interface PlannedRoot {
  readonly position: Position;
  readonly node: FetchNode;
  /** Prints each field on its own, for documents with some of them; `undefined` where they cannot be separated. */
  readonly fields: () => readonly RootFieldText[] | undefined;
  /** Prints the document for some of the fields only. */
  readonly documentFor: (fields: readonly RootFieldText[]) => PrintedDocument;
}

/** One `_entities` field of a request: the same fields for all objects at its targets. */
export interface PlannedLookup extends LookupPart {
  readonly representation: Representation;
  /** Returns the part of the document for the nth further set of context values. */
  readonly partForSet: (n: number) => LookupPart;
  readonly node: FetchNode;
  readonly targets: readonly LookupTarget[];
}

/** One `_entities` field of a document. */
export interface LookupPart extends EntityLookupDocument {
  /** Names of the variables for its context values. */
  readonly contextVariables: readonly string[];
}

/** A position whose objects a look-up serves. */
export interface LookupTarget {
  readonly position: Position;
  readonly node: FetchNode;
  /** The runtime types that are looked up; `undefined` where every object at the position is. */
  readonly types: ReadonlySet<string> | undefined;
  /** Where the context values for these objects are read, in the order of the variables. */
  readonly contexts: readonly ContextValue[];
}
