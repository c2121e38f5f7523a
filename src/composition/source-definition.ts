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

/** One file of the `schemas/` folder: one source of the graph. */
export interface SourceDefinition {
  /** The file's name without `.graphql`; the subgraph's name everywhere. */
  readonly name: string;
  /** Path of the file as shown to people. */
  readonly file: string;
  readonly kind: 'subgraph';
  /** Where it is reached, variables expanded. */
  readonly url: string;
  /** The SDL ready to compose: the gateway's own directives are taken out. Locations are those of the file. */
  readonly document: DocumentNode;
  readonly gatewayDirectives: readonly GatewayDirectiveUse[];
}
