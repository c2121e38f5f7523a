import { type ASTNode, type ConstDirectiveNode, type DocumentNode, isTypeExtensionNode, Kind, visit } from 'graphql';
import { directiveUses, text } from '../supergraph/directives.ts';
import { linkedNames } from '../supergraph/linked-names.ts';
import { emptyRequirement } from './empty-requirements.ts';
import type { DirectiveMistake } from './source-file.ts';

const AUTHORIZATION = new Set(['authenticated', 'requiresScopes', 'policy']);

/** Where authorization directives have no effect. */
const PLACES: Readonly<Record<string, string>> = {
  [Kind.SCHEMA_DEFINITION]: 'the schema',
  [Kind.SCHEMA_EXTENSION]: 'the schema',
  [Kind.INPUT_VALUE_DEFINITION]: 'an argument or a field of an input',
  [Kind.INPUT_OBJECT_TYPE_DEFINITION]: 'an input',
  [Kind.ENUM_VALUE_DEFINITION]: 'a value of an enum',
};

/**
 * Finds the first authorization directive of a supergraph that would have no effect, so that the supergraph is
 * refused rather than served without it: on an element that cannot be guarded, under a name that no specification
 * has, in the extension of a type, which supergraphs do not have, or without any requirement.
 */
export function findIneffectiveDirective(document: DocumentNode): DirectiveMistake | undefined {
  const names = linkedNames(document);
  let found: DirectiveMistake | undefined;
  const check = (node: ConstDirectiveNode, holder: ASTNode | undefined) => {
    const local = node.name.value;
    const name = names.get(local) ?? local;
    const place = holder && PLACES[holder.kind];
    if (AUTHORIZATION.has(name)) found ??= place === undefined ? emptyRequirement(node, name) : misplaced(node, place);
    else if (local === 'join__directive' && AUTHORIZATION.has(joinedName(node) ?? ''))
      found ??= unknownAuthorization(node, local);
    else if (!AUTHORIZATION.has(name) && AUTHORIZATION.has(withoutNamespace(local)))
      found ??= unknownAuthorization(node, local);
  };
  for (const node of document.definitions) if (isTypeExtensionNode(node)) return onExtension(node, node.name.value);
  visit(document, {
    Directive(node, _key, _parent, _path, ancestors) {
      const holder = ancestors.findLast((ancestor): ancestor is ASTNode => !Array.isArray(ancestor));
      check(node as ConstDirectiveNode, holder);
    },
  });
  return found;
}

/** Returns `authenticated` for `federation__authenticated`; empty for a name without a namespace. */
function withoutNamespace(name: string): string {
  const at = name.indexOf('__');
  return at < 0 ? '' : name.slice(at + 2);
}

function joinedName(node: ConstDirectiveNode): string | undefined {
  return text(directiveUses({ directives: [node] }, node.name.value)[0]?.name);
}

function misplaced(node: ConstDirectiveNode, place: string): DirectiveMistake {
  return {
    node,
    message: `@${node.name.value} on ${place} has no effect.`,
    hint: 'Put it on an object, an interface, a field, an enum or a scalar.',
  };
}

function unknownAuthorization(node: ConstDirectiveNode, name: string): DirectiveMistake {
  return {
    node,
    message: `@${name} requires authorization in a form that is not supported, so it would have no effect.`,
    hint: 'Use @authenticated, @requiresScopes or @policy, or @link the specification under the prefix of this directive.',
  };
}

function onExtension(node: ASTNode, type: string): DirectiveMistake {
  return {
    node,
    message: `The supergraph extends "${type}"; extensions in a supergraph have no effect.`,
    hint: 'Move it into the definition of the type, as composition does.',
  };
}
