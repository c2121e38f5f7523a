import type { DocumentNode } from 'graphql';

/** A use of one of the gateway's own directives in a schema file, taken out of the SDL before composing. */
export interface GatewayDirectiveUse {
  /** Without the `@`: `rateLimit`. */
  readonly directive: string;
  /** Where it stands: `Type` or `Type.field`. */
  readonly coordinate: string;
  /** The arguments as JSON values, defaults of the directive applied. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly line: number;
  readonly column: number;
}

/**
 * How a source is reached: `subgraph` speaks federation over HTTP; `rest` (connectors) and `service` (plain GraphQL, merged
 * by look-ups) are subgraphs that the gateway answers itself.
 */
export type SourceKind = 'subgraph' | 'rest' | 'service';

/** One file of the `schemas/` folder: one source of the graph. */
export interface SourceDefinition {
  /** The file's name without `.graphql`; the subgraph's name everywhere. */
  readonly name: string;
  /** Path of the file as shown to people. */
  readonly file: string;
  readonly kind: SourceKind;
  /**
   * What stands as the subgraph's URL in the supergraph. Of a `subgraph`: where it is reached, variables expanded. Of other
   * kinds: for people to read; variables stay as they are.
   */
  readonly url: string;
  /**
   * The SDL by which the gateway answers this source itself; not for the kind `subgraph`. It is written into the supergraph,
   * so `${VARIABLES}` in it are not expanded: they are when the gateway starts.
   */
  readonly inProcessSdl?: string;
  /** The SDL ready to compose: the gateway's own directives are taken out. Locations are those of the file. */
  readonly document: DocumentNode;
  readonly gatewayDirectives: readonly GatewayDirectiveUse[];
}
