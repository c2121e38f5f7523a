import type { DocumentNode } from 'graphql';
import type { ServiceNames } from './names.ts';

/** A plain GraphQL service, as its schema file describes it. Names are those of the graph, not the service's own. */
export interface Service {
  /** Where it is reached, `${VARIABLES}` not expanded. */
  readonly url: string;
  /** What it answers: its schema without directives of the gateway, look-ups that clients do not see included. */
  readonly document: DocumentNode;
  readonly lookups: readonly Lookup[];
  /** Type name → the fields that its `@computed` fields need of other subgraphs. */
  readonly computed: ReadonlyMap<string, string>;
  readonly names: ServiceNames;
}

/** A root field that finds entities by their key: `usersByIds(ids: [ID!]!): [User]! @merge(keyField: "id")`. */
export interface Lookup {
  readonly field: string;
  /** The object types that it finds; several where it returns an interface or a union. */
  readonly types: readonly string[];
  /** It returns an interface or a union. */
  readonly abstract: boolean;
  /** It takes many keys at once. */
  readonly list: boolean;
  /** The key's fields as federation writes them: `id`, `owner { id } region`. */
  readonly keyFields: string;
  /** How the key becomes arguments, in the language of stitching directives: `ids: [[$key.id]]`. */
  readonly argsExpr: string;
  readonly additionalArgs: string | undefined;
  /** The field whose value is the key, where it is one: by it, answers of a list are matched to their keys. */
  readonly matchBy: string | undefined;
}
