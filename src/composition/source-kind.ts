import { type ConstDirectiveNode, type DirectiveNode, type DocumentNode, Kind, visit } from 'graphql';
import type { SourceKind } from './source-definition.ts';

/** Directives by which a file shows what kind of source it describes. */
const MARKS: Readonly<Record<string, SourceKind>> = {
  subgraph: 'subgraph',
  source: 'rest',
  connect: 'rest',
  service: 'service',
  merge: 'service',
};

const CONNECT_SPEC = 'https://specs.apollo.dev/connect/';

/** What a file shows of its kind: each kind with the first directive that speaks for it. */
export type KindMarks = ReadonlyMap<SourceKind, DirectiveNode>;

/**
 * Which kinds of source a file describes: one, if all is well; none where it does not say how it is reached. A directive
 * that the file declares itself is the file's own affair.
 */
export function readKinds(document: DocumentNode): KindMarks {
  const declared = new Set<string>();
  const marks: [SourceKind, DirectiveNode][] = [];
  visit(document, {
    DirectiveDefinition: (node) => void declared.add(node.name.value),
    Directive(node) {
      const kind = kindOf(node);
      if (kind !== undefined) marks.push([kind, node]);
    },
  });
  const kinds = new Map<SourceKind, DirectiveNode>();
  for (const [kind, node] of marks) {
    if (!declared.has(node.name.value) && !kinds.has(kind)) kinds.set(kind, node);
  }
  return kinds;
}

function kindOf(node: DirectiveNode): SourceKind | undefined {
  const name = node.name.value;
  if (name === 'link') return linksConnectors(node as ConstDirectiveNode) ? 'rest' : undefined;
  return Object.hasOwn(MARKS, name) ? MARKS[name] : undefined;
}

function linksConnectors(link: ConstDirectiveNode): boolean {
  const url = link.arguments?.find((argument) => argument.name.value === 'url')?.value;
  return url?.kind === Kind.STRING && url.value.startsWith(CONNECT_SPEC);
}
