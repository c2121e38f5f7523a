import { type ConstDirectiveNode, type DocumentNode, Kind } from 'graphql';

/** Specs with the purpose SECURITY that the gateway supports. */
const SUPPORTED = new Set(['inaccessible', 'authenticated', 'requiresScopes', 'policy', 'context']);
/** Specs that redirected fields from a subgraph's URL before `connect` existed: they must not be ignored either. */
const OUTDATED = new Set(['source']);

export interface UnsupportedSpec {
  /** `https://specs.apollo.dev/connect/v0.2` */
  readonly url: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
}

/**
 * Returns the first `@link` of a supergraph to a spec that must not be ignored and is not supported. A gateway must
 * not serve a schema whose spec `for: SECURITY` it does not support: https://specs.apollo.dev/link/v1.0/#Purpose
 */
export function findUnsupportedSpec({ definitions }: DocumentNode): UnsupportedSpec | undefined {
  for (const node of definitions) {
    if (node.kind !== Kind.SCHEMA_DEFINITION && node.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const directive of node.directives ?? []) {
      const unsupported = directive.name.value === 'link' ? unsupportedSpec(directive) : undefined;
      if (unsupported) return unsupported;
    }
  }
  return undefined;
}

function unsupportedSpec(link: ConstDirectiveNode): UnsupportedSpec | undefined {
  const url = argument(link, 'url') ?? '';
  const name = /\/([A-Za-z]\w*)\/v\d+\.\d+\/?$/.exec(url)?.[1] ?? url;
  if (!OUTDATED.has(name) && (argument(link, 'for') !== 'SECURITY' || SUPPORTED.has(name))) return undefined;
  const { line = 1, column = 1 } = link.loc?.startToken ?? {};
  return { url, line, column };
}

function argument(directive: ConstDirectiveNode, name: string): string | undefined {
  const value = directive.arguments?.find((given) => given.name.value === name)?.value;
  return value?.kind === Kind.STRING || value?.kind === Kind.ENUM ? value.value : undefined;
}
