import type { DocumentNode, FieldDefinitionNode, InputValueDefinitionNode, TypeDefinitionNode } from 'graphql';
import { isTypeDefinitionNode, Kind } from 'graphql';
import type { Contract } from './contract.ts';
import { hasDirective } from './directives.ts';
import { isFederationInternal, namedType, readRootTypes } from './join-spec.ts';
import { SupergraphError } from './supergraph.ts';

/**
 * Checks that the schema of a contract is usable: it has a field of `Query`, it hides no required argument or input
 * field, and no object hides a field that one of its interfaces shows.
 * @throws SupergraphError with every problem, one a line
 */
export function checkContract(
  document: DocumentNode,
  contract: Contract,
  shown: ReadonlySet<string>,
  inaccessible: string,
): void {
  const definitions = new Map<string, TypeDefinitionNode>();
  for (const definition of document.definitions) {
    if (isTypeDefinitionNode(definition)) definitions.set(definition.name.value, definition);
  }
  const { query } = readRootTypes(document, definitions);
  if (!shown.has(query)) {
    throw new SupergraphError(
      `The contract "${contract.name}" shows nothing of ${query}. ${
        contract.include.length > 0
          ? `Give a field of ${query} one of the tags ${contract.include.map((tag) => `"${tag}"`).join(', ')}.`
          : 'Remove a tag from its "exclude".'
      }`,
    );
  }
  const checker = new ContractChecker(definitions, shown, inaccessible);
  const problems = [...shown].flatMap((name) => checker.type(definitions.get(name)));
  if (problems.length === 0) return;
  throw new SupergraphError(`The contract "${contract.name}" is not consistent:\n${problems.join('\n')}`);
}

class ContractChecker {
  private readonly definitions: ReadonlyMap<string, TypeDefinitionNode>;
  private readonly shown: ReadonlySet<string>;
  private readonly inaccessible: string;

  constructor(definitions: ContractChecker['definitions'], shown: ReadonlySet<string>, inaccessible: string) {
    this.definitions = definitions;
    this.shown = shown;
    this.inaccessible = inaccessible;
  }

  type(definition: TypeDefinitionNode | undefined): string[] {
    switch (definition?.kind) {
      case Kind.INPUT_OBJECT_TYPE_DEFINITION:
        return this.inputs(definition.fields, (field) => `${definition.name.value}.${field}`);
      case Kind.OBJECT_TYPE_DEFINITION:
      case Kind.INTERFACE_TYPE_DEFINITION: {
        const owner = definition.name.value;
        const required = (definition.fields ?? [])
          .filter((field) => this.isShown(field))
          .flatMap((field) => this.inputs(field.arguments, (arg) => `${owner}.${field.name.value}(${arg}:)`));
        return [...required, ...this.implemented(owner, definition)];
      }
      default:
        return [];
    }
  }

  private inputs(
    inputs: readonly InputValueDefinitionNode[] | undefined,
    coordinate: (name: string) => string,
  ): string[] {
    return (inputs ?? [])
      .filter((input) => isRequired(input) && !this.isShown(input))
      .map(
        (input) =>
          `${coordinate(input.name.value)} is required, but hidden. Hide the field that takes it as well, or show it.`,
      );
  }

  private implemented(
    owner: string,
    {
      fields,
      interfaces,
    }: Pick<Extract<TypeDefinitionNode, { fields?: readonly FieldDefinitionNode[] }>, 'fields'> & {
      interfaces?: readonly { name: { value: string } }[] | undefined;
    },
  ): string[] {
    const hidden = new Set((fields ?? []).filter((field) => !this.isShown(field)).map((field) => field.name.value));
    return (interfaces ?? []).flatMap(({ name: { value: name } }) => {
      const declared = this.definitions.get(name);
      if (declared?.kind !== Kind.INTERFACE_TYPE_DEFINITION || !this.shown.has(name)) return [];
      return (declared.fields ?? [])
        .filter((field) => this.isShown(field) && hidden.has(field.name.value))
        .map(({ name: { value: field } }) => {
          return `${owner}.${field} is hidden, but ${name}.${field}, which it implements, is shown. Hide or show both.`;
        });
    });
  }

  private isShown(member: FieldDefinitionNode | InputValueDefinitionNode): boolean {
    const type = namedType(member.type);
    const exists = this.shown.has(type) || !this.definitions.has(type) || isFederationInternal(type);
    return exists && !hasDirective(member, this.inaccessible);
  }
}

function isRequired(input: InputValueDefinitionNode): boolean {
  return input.type.kind === Kind.NON_NULL_TYPE && input.defaultValue === undefined;
}
