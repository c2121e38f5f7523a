import { type ConstDirectiveNode, type DirectiveNode, type DocumentNode, Kind, visit } from 'graphql';
import type { SourceKind } from './source-definition.ts';

/** Directives that determine the kind of source. */
const KIND_DIRECTIVES: Readonly<Record<string, SourceKind>> = {
  subgraph: 'subgraph',
  source: 'rest',
  connect: 'rest',
  service: 'service',
  merge: 'service',
};

const CONNECT_SPEC = 'https://specs.apollo.dev/connect/';

/** The kinds of a file, each with the first directive that determines it. */
export type KindDirectives = ReadonlyMap<SourceKind, DirectiveNode>;

/**
 * Returns the kinds of source that a file describes: one if the file is valid; none where it does not declare how it
 * is reached. Directives that the file defines itself are ignored.
 */
export function readKinds(document: DocumentNode): KindDirectives {
  const declared = new Set<string>();
  const found: [SourceKind, DirectiveNode][] = [];
  visit(document, {
    DirectiveDefinition: (node) => void declared.add(node.name.value),
    Directive(node) {
      const kind = kindOf(node);
      if (kind !== undefined) found.push([kind, node]);
    },
  });
  const kinds = new Map<SourceKind, DirectiveNode>();
  for (const [kind, node] of found) {
    if (!declared.has(node.name.value) && !kinds.has(kind)) kinds.set(kind, node);
  }
  return kinds;
}

function kindOf(node: DirectiveNode): SourceKind | undefined {
  const name = node.name.value;
  if (name === 'link') return linksConnectors(node as ConstDirectiveNode) ? 'rest' : undefined;
  return Object.hasOwn(KIND_DIRECTIVES, name) ? KIND_DIRECTIVES[name] : undefined;
}

function linksConnectors(link: ConstDirectiveNode): boolean {
  const url = link.arguments?.find((argument) => argument.name.value === 'url')?.value;
  return url?.kind === Kind.STRING && url.value.startsWith(CONNECT_SPEC);
}
