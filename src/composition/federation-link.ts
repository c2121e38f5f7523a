import { type ConstDirectiveNode, type DocumentNode, Kind, parse, visit } from 'graphql';

export const FEDERATION_SPEC = 'https://specs.apollo.dev/federation/';
/** What the composer knows. */
export const NEWEST_FEDERATION = 'v2.9';

/** Directives that only federation 2 has: a file that uses one of them means federation 2. */
const SECOND_VERSION_ONLY = new Set([
  'shareable',
  'override',
  'inaccessible',
  'interfaceObject',
  'composeDirective',
  'authenticated',
  'requiresScopes',
  'policy',
  'cost',
  'listSize',
  'context',
  'fromContext',
]);

/** The scalars that federation's `@link` can import. */
export const FEDERATION_SCALARS: ReadonlySet<string> = new Set(['FieldSet', 'Scope', 'Policy', 'ContextFieldValue']);

const BOTH_VERSIONS = new Set(['key', 'requires', 'provides', 'external', 'tag', 'extends']);

/** Names of the directives of Apollo Federation, without `@`. */
export const FEDERATION_DIRECTIVES: readonly string[] = [...SECOND_VERSION_ONLY, ...BOTH_VERSIONS];

export function isFederationDirective(name: string): boolean {
  return SECOND_VERSION_ONLY.has(name) || BOTH_VERSIONS.has(name);
}

/** Whether the use of a directive means that a file is of federation 2. */
export function needsSecondVersion(name: string): boolean {
  return SECOND_VERSION_ONLY.has(name);
}

/**
 * Adds the federation `@link` that a schema file may leave out: where none is written but directives of federation 2
 * are used, those are imported. A file that uses none of them is federation 1, and left as it is.
 * https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/directives#importing-directives
 */
export function withFederationLink(document: DocumentNode): DocumentNode {
  const used = new Set<string>();
  const defined = new Set<string>();
  let linked = false;
  visit(document, {
    Directive(node) {
      used.add(node.name.value);
      linked ||= node.name.value === 'link' && linkedUrl(node as ConstDirectiveNode).startsWith(FEDERATION_SPEC);
    },
    DirectiveDefinition(node) {
      defined.add(node.name.value);
    },
  });
  const imports = [...used].filter((name) => isFederationDirective(name) && !defined.has(name));
  if (linked || !imports.some((name) => SECOND_VERSION_ONLY.has(name))) return document;
  const list = imports.map((name) => `"@${name}"`).join(', ');
  const link = parse(`extend schema @link(url: "${FEDERATION_SPEC}${NEWEST_FEDERATION}", import: [${list}])`, {
    noLocation: true,
  });
  return { ...document, definitions: [...link.definitions, ...document.definitions] };
}

function linkedUrl(link: ConstDirectiveNode): string {
  const url = link.arguments?.find((argument) => argument.name.value === 'url')?.value;
  return url?.kind === Kind.STRING ? url.value : '';
}
