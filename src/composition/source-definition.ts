import type { DocumentNode } from 'graphql';

/** A use of one of the gateway's directives in a schema file, removed from the SDL before composition. */
export interface GatewayDirectiveUse {
  /** Without the `@`: `rateLimit`. */
  readonly directive: string;
  /** `Type` or `Type.field`. */
  readonly coordinate: string;
  /** The arguments as JSON values, defaults of the directive applied. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly line: number;
  readonly column: number;
}

/**
 * How a source is reached: `subgraph` is a federation subgraph over HTTP; `rest` (connectors) and `service` (plain
 * GraphQL, merged by look-ups) are subgraphs that the gateway resolves itself.
 */
export type SourceKind = 'subgraph' | 'rest' | 'service';

/** One file of the `schemas/` folder: one source of the graph. */
export interface SourceDefinition {
  /** The name of the file without `.graphql`; the name of the subgraph everywhere. */
  readonly name: string;
  /** The path of the file for messages. */
  readonly file: string;
  readonly kind: SourceKind;
  /**
   * The URL of the subgraph in the supergraph. For a `subgraph`: where it is reached, with variables expanded. For
   * other kinds: informative only, with variables unchanged.
   */
  readonly url: string;
  /**
   * The SDL by which the gateway resolves this source itself; missing for the kind `subgraph`. It is written into the
   * supergraph, so `${VARIABLES}` in it are only expanded when the gateway starts.
   */
  readonly inProcessSdl?: string;
  /** The SDL ready to compose, without the gateway's directives. Locations are those of the file. */
  readonly document: DocumentNode;
  readonly gatewayDirectives: readonly GatewayDirectiveUse[];
}
