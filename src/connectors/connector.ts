import type { ConstDirectiveNode, DocumentNode, FieldDefinitionNode, StringValueNode } from 'graphql';
import type { Reference } from './mapping/references.ts';
import type { Expression } from './mapping/syntax.ts';
import type { Template, UrlTemplate } from './url-template.ts';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export const HTTP_METHODS: readonly HttpMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** A mapping with its string node, for positions in problems. */
export interface Mapping {
  readonly expression: Expression;
  readonly node: StringValueNode;
}

/** A request header: forwarded from the client's request, or a template. */
export type HeaderRule =
  | { readonly name: string; readonly from: string }
  | { readonly name: string; readonly value: Template };

/** What counts as a successful response, and how errors are mapped. */
export interface ErrorMappings {
  readonly message?: Mapping | undefined;
  readonly extensions?: Mapping | undefined;
  readonly isSuccess?: Mapping | undefined;
}

/** Additions to a URL template by a source or a connector. */
export interface UrlAdditions {
  /** List of segments to append to the path. */
  readonly path?: Mapping | undefined;
  /** Object of query parameters. */
  readonly queryParams?: Mapping | undefined;
}

/** `@source`: what the connectors of one API share. */
export interface ApiSource extends ErrorMappings, UrlAdditions {
  readonly name: string;
  readonly baseUrl: UrlTemplate;
  readonly headers: readonly HeaderRule[];
  /** Uses of variables in the source, which apply to each of its connectors. */
  readonly references: readonly PlacedReference[];
}

/** The type or field that has a connector. */
export interface ConnectorPlace {
  readonly typeName: string;
  /** `undefined` for a connector on the type itself. */
  readonly field: FieldDefinitionNode | undefined;
  /** `Query.product`, `Product.reviews`, or `Product`. */
  readonly coordinate: string;
}

/** `@connect`: how an API resolves one field, or the fields of an entity. */
export interface Connector extends ErrorMappings, UrlAdditions, ConnectorPlace {
  readonly node: ConstDirectiveNode;
  readonly source: ApiSource | undefined;
  readonly method: HttpMethod;
  readonly url: UrlTemplate;
  readonly headers: readonly HeaderRule[];
  readonly body: Mapping | undefined;
  readonly selection: Mapping;
  /** Whether it looks up entities: by its arguments (`entity: true`), or on types by `$this` or `$batch`. */
  readonly entity: boolean;
  /** Maximum number of entities in one call; `undefined` without `$batch`. */
  readonly batchSize: number | undefined;
  /** Uses of variables in the request and in the mapping of the response. */
  readonly references: readonly PlacedReference[];
}

/** A use of a variable, with its string node. */
export type PlacedReference = Reference & { readonly node: StringValueNode };

/** The sources and connectors of a schema file. */
export interface Connectors {
  readonly document: DocumentNode;
  readonly sources: ReadonlyMap<string, ApiSource>;
  readonly connectors: readonly Connector[];
}
