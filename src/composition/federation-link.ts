import { type ConstDirectiveNode, type DocumentNode, Kind, parse, visit } from 'graphql';

export const FEDERATION_SPEC = 'https://specs.apollo.dev/federation/';

/** Returns whether a URL is that of federation, with a version or without. */
export function isFederationSpec(url: string): boolean {
  return url.startsWith(FEDERATION_SPEC) || url === FEDERATION_SPEC.slice(0, -1);
}
/** The newest version that the composer supports. */
export const NEWEST_FEDERATION = 'v2.9';

/** Directives that only federation 2 has: a file that uses one of them is a federation 2 file. */
const VERSION_2_ONLY = new Set([
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

/** The scalars that a `@link` to federation can import. */
export const FEDERATION_SCALARS: ReadonlySet<string> = new Set(['FieldSet', 'Scope', 'Policy', 'ContextFieldValue']);

const BOTH_VERSIONS = new Set(['key', 'requires', 'provides', 'external', 'tag', 'extends']);

/** Names of the directives of Apollo Federation, without `@`. */
export const FEDERATION_DIRECTIVES: readonly string[] = [...VERSION_2_ONLY, ...BOTH_VERSIONS];

export function isFederationDirective(name: string): boolean {
  return VERSION_2_ONLY.has(name) || BOTH_VERSIONS.has(name);
}

/** Returns whether a use of the directive makes a file a federation 2 file. */
export function isVersion2Only(name: string): boolean {
  return VERSION_2_ONLY.has(name);
}

/**
 * Adds the federation `@link` that a schema file may omit: where none is present but directives of federation 2 are
 * used, those are imported. A file without such directives is a federation 1 file and stays unchanged.
 * @see
 * https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/directives#importing-directives
 */
export function withFederationLink(document: DocumentNode): DocumentNode {
  const used = new Set<string>();
  const defined = new Set<string>();
  let linked = false;
  visit(document, {
    Directive(node) {
      used.add(node.name.value);
      linked ||= node.name.value === 'link' && isFederationSpec(linkedUrl(node as ConstDirectiveNode));
    },
    DirectiveDefinition(node) {
      defined.add(node.name.value);
    },
  });
  const imports = [...used].filter((name) => isFederationDirective(name) && !defined.has(name));
  if (linked || !imports.some((name) => VERSION_2_ONLY.has(name))) return document;
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
