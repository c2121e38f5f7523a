import { type ASTNode, type ConstDirectiveNode, type DocumentNode, Kind, visit } from 'graphql';
import { directiveUses, text } from '../supergraph/directives.ts';
import { sinceVersion } from './federation-definitions.ts';
import { FEDERATION_SCALARS, FEDERATION_SPEC, isFederationDirective, isFederationSpec } from './federation-link.ts';
import { readFederationNames } from './federation-names.ts';

/** Minor versions of federation 2 that schema files may link. */
const OLDEST = 0;
const NEWEST = 15;
/** The newest version that the composer supports. Later ones added no directive that is supported here. */
const NEWEST_COMPOSED = 9;

/**
 * Directives of federation that the gateway supports under their own names only, and the minor version of federation 2 that introduced
 * each. The composer does not know them.
 */
const OF_GATEWAY: Readonly<Record<string, { readonly since: number; readonly instead: string }>> = {
  cacheTag: { since: 12, instead: 'Import it as "@cacheTag", or leave the import out, and write @cacheTag.' },
};

const FIRST_VERSION = /\/v1\.0\/?$/;

/** A mistake in a schema file, and how to correct it. */
export interface LinkMistake {
  readonly node: ASTNode;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Finds invalid `@link`s to federation: unknown versions, and imports that the version does not have. */
export function federationLinkMistakes(document: DocumentNode): LinkMistake[] {
  const links = linksOf(document);
  const [, second] = links;
  const repeated = second && {
    node: second,
    code: 'INVALID_LINK_DIRECTIVE_USAGE',
    message: 'The file links federation twice.',
    hint: 'Keep one @link to federation, with all imports.',
  };
  return [
    ...(repeated ? [repeated] : []),
    ...links.flatMap(mistakesOf),
    ...unsupportedUses(document),
    ...scalarUses(document),
  ];
}

/**
 * Replaces a link to a version that the composer does not support by one to the newest that it does, without imports that it does not
 * know.
 *
 * In:  `@link(url: "https://specs.apollo.dev/federation/v2.14", import: ["@key", "@cacheTag"])`
 * Out: `@link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])`
 */
export function withComposedVersion(document: DocumentNode): DocumentNode {
  const links = linksOf(document).filter((link) => (minorVersion(urlOf(link)) ?? 0) > NEWEST_COMPOSED);
  if (links.length === 0) return document;
  return visit(document, {
    Directive(node) {
      if (!links.includes(node as ConstDirectiveNode)) return undefined;
      const value = { kind: Kind.STRING, value: `${FEDERATION_SPEC}v2.${NEWEST_COMPOSED}` } as const;
      const args = node.arguments?.map((arg) => {
        if (arg.name.value === 'url') return { ...arg, value };
        if (arg.name.value !== 'import' || arg.value.kind !== Kind.LIST) return arg;
        return { ...arg, value: { ...arg.value, values: arg.value.values.filter((item) => !isOfGateway(item)) } };
      });
      return { ...node, ...(args && { arguments: args }) };
    },
  });
}

/** Whether an import is `"@cacheTag"`. */
function isOfGateway(item: ASTNode): boolean {
  return item.kind === Kind.STRING && Object.hasOwn(OF_GATEWAY, item.value.slice(1)) && item.value.startsWith('@');
}

function linksOf({ definitions }: DocumentNode): ConstDirectiveNode[] {
  return definitions.flatMap((node) =>
    node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION
      ? (node.directives ?? []).filter((use) => use.name.value === 'link' && isFederationSpec(urlOf(use)))
      : [],
  );
}

function urlOf(link: ConstDirectiveNode): string {
  return text(directiveUses({ directives: [link] }, link.name.value)[0]?.url) ?? '';
}

/** Returns the minor version of a URL: 3 for `https://specs.apollo.dev/federation/v2.3`. */
function minorVersion(url: string): number | undefined {
  const minor = /^v2\.(\d+)\/?$/.exec(url.slice(FEDERATION_SPEC.length))?.[1];
  return minor === undefined ? undefined : Number(minor);
}

function mistakesOf(link: ConstDirectiveNode): LinkMistake[] {
  const url = urlOf(link);
  const minor = minorVersion(url);
  if (FIRST_VERSION.test(url)) return [];
  const at = (name: string) => link.arguments?.find((arg) => arg.name.value === name)?.value;
  if (minor === undefined || minor < OLDEST || minor > NEWEST) {
    const version = url.slice(FEDERATION_SPEC.length);
    const expected = `expected v2.${OLDEST} to v2.${NEWEST}`;
    const message =
      version === ''
        ? `The @link to federation has no version: "${url}"; ${expected} at its end.`
        : `Federation ${version} is not supported; ${expected}.`;
    const hint = `Link a released version, such as ${FEDERATION_SPEC}v2.${NEWEST_COMPOSED}. A file without a @link is a federation 1 file.`;
    return [{ node: at('url') ?? link, code: 'UNKNOWN_FEDERATION_LINK_VERSION', message, hint }];
  }
  const list = at('import');
  const items = list?.kind === Kind.LIST ? list.values : [];
  return items.flatMap((item) => importMistake(item, minor) ?? []);
}

function importMistake(node: ASTNode, minor: number): LinkMistake | undefined {
  const value = node.kind === Kind.OBJECT ? node.fields.find(({ name }) => name.value === 'name')?.value : node;
  if (value?.kind !== Kind.STRING) return undefined;
  const name = value.value;
  const directive = name.startsWith('@') ? name.slice(1) : undefined;
  if (
    directive === undefined
      ? FEDERATION_SCALARS.has(name)
      : isFederationDirective(directive) && sinceVersion(directive) <= minor
  )
    return undefined;
  const own = directive === undefined ? undefined : OF_GATEWAY[directive];
  const code = 'INVALID_LINK_DIRECTIVE_USAGE';
  if (own && isOfGateway(node) && own.since <= minor) return undefined;
  if (own) return { node, code, ...describeOwn(name, own, minor) };
  if (directive !== undefined && isFederationDirective(directive)) {
    const since = sinceVersion(directive);
    const message = `${name} cannot be imported: the file links federation v2.${minor}, and ${name} requires v2.${since}.`;
    return { node, code, message, hint: `Link ${FEDERATION_SPEC}v2.${since} or later.` };
  }
  const hint =
    directive === 'connect' || directive === 'source'
      ? 'Import it from https://specs.apollo.dev/connect/v0.1.'
      : 'Correct its spelling, or import it from the specification that has it.';
  return { node, code, message: `Federation has no "${name}" to import.`, hint };
}

function describeOwn(name: string, { since, instead }: { since: number; instead: string }, minor = since) {
  if (minor >= since) return { message: `${name} is not supported under another name.`, hint: instead };
  const message = `${name} cannot be imported: the file links federation v2.${minor}, and ${name} requires v2.${since}.`;
  return { message, hint: `Link ${FEDERATION_SPEC}v2.${since} or later.` };
}

/** Finds directives of the gateway under full names of federation, such as `@federation__cacheTag`, which need no import. */
function unsupportedUses(document: DocumentNode): LinkMistake[] {
  const prefixes = new Set(['federation']);
  for (const link of linksOf(document)) {
    const as = text(directiveUses({ directives: [link] }, link.name.value)[0]?.as);
    if (as !== undefined) prefixes.add(as);
  }
  const mistakes: LinkMistake[] = [];
  visit(document, {
    Directive(node) {
      const full = node.name.value;
      const end = Math.max(full.indexOf('__', 1), 0);
      const name = full.slice(end + 2);
      const own = prefixes.has(full.slice(0, end)) ? OF_GATEWAY[name] : undefined;
      if (own) mistakes.push({ node, code: 'UNSUPPORTED_DIRECTIVE', ...describeOwn(`@${name}`, own) });
    },
  });
  return mistakes;
}

/**
 * Finds fields and arguments with a scalar of federation as their type. These scalars are not in the supergraph; only
 * arguments of federation's directives have them.
 */
function scalarUses(document: DocumentNode): LinkMistake[] {
  const { scalars } = readFederationNames(document);
  const mistakes: LinkMistake[] = [];
  visit(document, {
    DirectiveDefinition: () => false,
    NamedType(node) {
      const local = node.name.value;
      const name = scalars.get(local) ?? local.replace(/^federation__/, '');
      if (!FEDERATION_SCALARS.has(name) || (name === local && !scalars.has(local))) return;
      const message = `${local} is a scalar of federation, which only arguments of federation's directives can have.`;
      const hint = 'Define a scalar under a name of your own.';
      mistakes.push({ node, code: 'INVALID_LINK_DIRECTIVE_USAGE', message, hint });
    },
  });
  return mistakes;
}
