import type { DocumentNode } from 'graphql';
import type { ServiceNames } from './names.ts';

/** A plain GraphQL service, as its schema file describes it. Names are those of the supergraph. */
export interface Service {
  /** URL, with `${VARIABLES}` not expanded. */
  readonly url: string;
  /** The service's schema without directives for the gateway. It includes look-ups that are not public. */
  readonly document: DocumentNode;
  readonly lookups: readonly Lookup[];
  /** Fields of other subgraphs that `@computed` fields need, by type. */
  readonly computed: ReadonlyMap<string, string>;
  readonly names: ServiceNames;
}

/** A root field that finds entities by their key: `usersByIds(ids: [ID!]!): [User]! @merge(keyField: "id")`. */
export interface Lookup {
  readonly field: string;
  /** Object types that it finds; several for an interface or a union. */
  readonly types: readonly string[];
  /** Whether it returns an interface or a union. */
  readonly abstract: boolean;
  /** Whether it accepts many keys at once. */
  readonly list: boolean;
  /** Key fields as a field set: `id`, `owner { id } region`. */
  readonly keyFields: string;
  /** Argument expression of the stitching directives: `ids: [[$key.id]]`. */
  readonly argsExpr: string;
  readonly additionalArgs: string | undefined;
  /** Single key field, by which objects in a list are matched to their keys; `undefined` for other keys. */
  readonly matchBy: string | undefined;
}
