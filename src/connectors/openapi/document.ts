/** The parts of OpenAPI 3.0 and 3.1 that are read. All of them may be missing or invalid. */
export interface OpenApiDocument {
  readonly openapi?: unknown;
  readonly info?: { readonly title?: unknown; readonly description?: unknown };
  readonly servers?: readonly Server[];
  readonly paths?: Readonly<Record<string, PathItem>>;
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly components?: {
    readonly schemas?: Readonly<Record<string, Schema>>;
    readonly securitySchemes?: Readonly<Record<string, SecurityScheme>>;
  };
}

interface Server {
  readonly url?: unknown;
  readonly variables?: Readonly<Record<string, { readonly default?: unknown }>>;
}

export interface SecurityScheme {
  readonly $ref?: string;
  readonly type?: unknown;
  readonly in?: unknown;
  readonly name?: unknown;
}

export interface PathItem {
  readonly $ref?: string;
  readonly parameters?: readonly Parameter[];
  readonly get?: Operation;
  readonly post?: Operation;
  readonly put?: Operation;
  readonly patch?: Operation;
  readonly delete?: Operation;
}

export interface Operation {
  readonly operationId?: unknown;
  readonly summary?: unknown;
  readonly description?: unknown;
  readonly deprecated?: unknown;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: RequestBody;
  readonly responses?: Readonly<Record<string, Response>>;
}

export interface Parameter {
  readonly $ref?: string;
  readonly name?: unknown;
  readonly in?: unknown;
  readonly required?: unknown;
  readonly style?: unknown;
  readonly explode?: unknown;
  readonly description?: unknown;
  readonly schema?: Schema;
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

export interface RequestBody {
  readonly $ref?: string;
  readonly required?: unknown;
  readonly content?: Content;
}

export interface Response {
  readonly $ref?: string;
  readonly content?: Content;
}

export type Content = Readonly<Record<string, { readonly schema?: Schema } | undefined>>;

/** A JSON Schema in an OpenAPI document. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: unknown;
  readonly format?: unknown;
  readonly nullable?: unknown;
  readonly description?: unknown;
  readonly title?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly unknown[];
  readonly items?: Schema;
  readonly additionalProperties?: unknown;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly discriminator?: { readonly propertyName?: unknown; readonly mapping?: Readonly<Record<string, unknown>> };
  readonly readOnly?: unknown;
  readonly writeOnly?: unknown;
}

/** Returns a function that follows `$ref`s in the document; its result is `undefined` for other files and for cycles. */
export function createResolver(document: OpenApiDocument) {
  return function resolve<T extends { readonly $ref?: string }>(value: T | undefined): T | undefined {
    let at: unknown = value;
    for (let hops = 0; hops < 50; hops++) {
      if (typeof at !== 'object' || at === null) return undefined;
      const { $ref } = at as { $ref?: unknown };
      if (typeof $ref !== 'string') return at as T;
      at = $ref.startsWith('#/') ? follow(document, $ref.slice(2)) : undefined;
    }
    return undefined;
  };
}

export type Resolver = ReturnType<typeof createResolver>;

/** Resolves a JSON Pointer: RFC 6901. */
function follow(document: unknown, pointer: string): unknown {
  let at = document;
  for (const part of pointer.split('/')) {
    const key = decodePart(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Returns a trimmed string; `undefined` for empty strings and other values. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
