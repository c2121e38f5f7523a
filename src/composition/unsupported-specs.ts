import { type ConstDirectiveNode, type DocumentNode, Kind } from 'graphql';

/** Specs whose purpose is SECURITY and which the gateway heeds. */
const HEEDED = new Set(['inaccessible', 'authenticated', 'requiresScopes', 'policy', 'context']);
/** What led fields to other places than a subgraph's URL before there was `connect`: it is nothing to pass over either. */
const OUTDATED = new Set(['source']);

export interface UnsupportedSpec {
  /** `https://specs.apollo.dev/connect/v0.2` */
  readonly url: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
}

/**
 * The first `@link` of a supergraph to a spec that must not be passed over and is not read here. Who does not know a spec
 * that is linked `for: SECURITY` must not serve the schema: https://specs.apollo.dev/link/v1.0/#Purpose
 */
export function findUnsupportedSpec({ definitions }: DocumentNode): UnsupportedSpec | undefined {
  for (const node of definitions) {
    if (node.kind !== Kind.SCHEMA_DEFINITION && node.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const directive of node.directives ?? []) {
      const unread = directive.name.value === 'link' ? unsupportedSpec(directive) : undefined;
      if (unread) return unread;
    }
  }
  return undefined;
}

function unsupportedSpec(link: ConstDirectiveNode): UnsupportedSpec | undefined {
  const url = argument(link, 'url') ?? '';
  const name = /\/([A-Za-z]\w*)\/v\d+\.\d+\/?$/.exec(url)?.[1] ?? url;
  if (!OUTDATED.has(name) && (argument(link, 'for') !== 'SECURITY' || HEEDED.has(name))) return undefined;
  const { line = 1, column = 1 } = link.loc?.startToken ?? {};
  return { url, line, column };
}

function argument(directive: ConstDirectiveNode, name: string): string | undefined {
  const value = directive.arguments?.find((given) => given.name.value === name)?.value;
  return value?.kind === Kind.STRING || value?.kind === Kind.ENUM ? value.value : undefined;
}
