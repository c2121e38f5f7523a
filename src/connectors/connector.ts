import type { ConstDirectiveNode, DocumentNode, FieldDefinitionNode, StringValueNode } from 'graphql';
import type { Reference } from './mapping/references.ts';
import type { Expression } from './mapping/syntax.ts';
import type { Template, UrlTemplate } from './url-template.ts';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export const HTTP_METHODS: readonly HttpMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** A mapping with the string that it was written in, for telling where something stands. */
export interface Mapping {
  readonly expression: Expression;
  readonly node: StringValueNode;
}

/** A header that is sent: taken from the client's request, or written out. */
export type HeaderRule =
  | { readonly name: string; readonly from: string }
  | { readonly name: string; readonly value: Template };

/** How an answer that is no success is told, and what a success is. */
export interface ErrorMappings {
  readonly message?: Mapping | undefined;
  readonly extensions?: Mapping | undefined;
  readonly isSuccess?: Mapping | undefined;
}

/** What URLs get from a source or a connector beside its template. */
export interface UrlAdditions {
  /** A list of segments to append to the path. */
  readonly path?: Mapping | undefined;
  /** An object of query parameters. */
  readonly queryParams?: Mapping | undefined;
}

/** `@source`: what the connectors of one API share. */
export interface ApiSource extends ErrorMappings, UrlAdditions {
  readonly name: string;
  readonly baseUrl: UrlTemplate;
  readonly headers: readonly HeaderRule[];
  /** Uses of variables in all of it, which go along with each of its connectors. */
  readonly references: readonly PlacedReference[];
}

/** Where a connector stands. */
export interface ConnectorPlace {
  readonly typeName: string;
  /** `undefined` for a connector on the type itself. */
  readonly field: FieldDefinitionNode | undefined;
  /** `Query.product`, `Product.reviews`, or `Product`. */
  readonly coordinate: string;
}

/** `@connect`: how one field, or the fields of one entity, are had from an API. */
export interface Connector extends ErrorMappings, UrlAdditions, ConnectorPlace {
  readonly node: ConstDirectiveNode;
  readonly source: ApiSource | undefined;
  readonly method: HttpMethod;
  readonly url: UrlTemplate;
  readonly headers: readonly HeaderRule[];
  readonly body: Mapping | undefined;
  readonly selection: Mapping;
  /** Looks up entities by its arguments (`entity: true`), by `$this` or by `$batch` (on types). */
  readonly entity: boolean;
  /** How many entities one call may ask for; `undefined` where it asks for one. */
  readonly batchSize: number | undefined;
  /** Uses of `$args`, `$this` and `$batch` in what is sent and in what the answer is mapped to. */
  readonly references: readonly PlacedReference[];
}

/** A use of a variable, with the string that it stands in. */
export type PlacedReference = Reference & { readonly node: StringValueNode };

/** Everything that a schema file says of REST. */
export interface Connectors {
  readonly document: DocumentNode;
  readonly sources: ReadonlyMap<string, ApiSource>;
  readonly connectors: readonly Connector[];
}
