import {
  buildASTSchema,
  type ConstDirectiveNode,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  isTypeDefinitionNode,
  isTypeExtensionNode,
  Kind,
  KnownArgumentNamesRule,
  type NameNode,
  ProvidedRequiredArgumentsRule,
  parse,
  print,
  type TypeDefinitionNode,
  type TypeExtensionNode,
  UniqueArgumentNamesRule,
  UniqueInputFieldNamesRule,
  type ValidationContext,
  ValuesOfCorrectTypeRule,
  validate,
} from 'graphql';
import type { Problem } from '../config/problem.ts';
import { directiveUses, text } from '../supergraph/directives.ts';
import { namedType } from '../supergraph/join-spec.ts';
import { readFederationNames } from './federation-names.ts';
import type { SourceDefinition } from './source-definition.ts';
import { placeOf } from './source-file.ts';

/** A field set in a schema file, and the types on which it is selected. */
interface FieldSetUse {
  readonly node: ConstDirectiveNode;
  /** Such as `On field "User.orders", for @requires`. */
  readonly where: string;
  readonly types: readonly string[];
  readonly fields: string;
  readonly code: string;
}

type TypeNodeWithFields = TypeDefinitionNode | TypeExtensionNode;

const RULES = [
  KnownArgumentNamesRule,
  ProvidedRequiredArgumentsRule,
  UniqueArgumentNamesRule,
  UniqueInputFieldNamesRule,
  ValuesOfCorrectTypeRule,
  noVariables,
];

/**
 * Returns the mistakes in arguments of fields in `@key`, `@requires`, `@provides` and `@fromContext`: unknown and
 * missing arguments, and values of another type. The composer does not look at them, and subgraphs would refuse the
 * requests. The supergraph has only the arguments that every subgraph with the field accepts.
 */
export function fieldSetArgumentProblems(
  supergraph: DocumentNode,
  sources: readonly Pick<SourceDefinition, 'name' | 'file' | 'document'>[],
): Problem[] {
  let schema: GraphQLSchema | undefined;
  return sources.flatMap((source) =>
    fieldSetsOf(source.document).flatMap((use) => {
      schema ??= buildASTSchema(supergraph, { assumeValid: true, assumeValidSDL: true });
      const messages = new Set(use.types.flatMap((type) => mistakesIn(use.fields, type, schema as GraphQLSchema)));
      return [...messages].map((message) => ({
        file: source.file,
        ...placeOf(use.node),
        subgraph: source.name,
        code: use.code,
        message: `${use.where}(${argumentsOf(use.node)}): ${message}`,
        hint: HINT,
      }));
    }),
  );
}

const HINT =
  'Pass the arguments that the field has in every subgraph that resolves it, with literal values of their types.';

function argumentsOf(node: ConstDirectiveNode): string {
  return (node.arguments ?? []).map((argument) => print(argument)).join(', ');
}

function mistakesIn(fields: string, type: string, schema: GraphQLSchema): string[] {
  const selection = fields.trimStart().startsWith('{') ? fields : `{${fields}}`;
  try {
    const document = parse(`fragment Fields on ${type} ${selection}`, { noLocation: true });
    return validate(schema, document, RULES).map(({ message }) => message);
  } catch (error) {
    // the composer reports field sets that cannot be parsed
    if (error instanceof GraphQLError) return [];
    throw error;
  }
}

/** Reports variables, which do not exist in a field set. */
function noVariables(context: ValidationContext) {
  return {
    Variable(node: { readonly name: NameNode }) {
      context.reportError(
        new GraphQLError(`Variable "$${node.name.value}" cannot be used here; expected a literal value.`),
      );
    },
  };
}

function fieldSetsOf(document: DocumentNode): FieldSetUse[] {
  const { imported, aliases } = readFederationNames(document);
  const nameOf = ({ name }: ConstDirectiveNode) => imported.get(name.value) ?? aliases.get(name.value) ?? name.value;
  const types = document.definitions.filter(
    (node): node is TypeNodeWithFields => isTypeDefinitionNode(node) || isTypeExtensionNode(node),
  );
  const contexts = contextTypes(types, nameOf);
  return types.flatMap((type) => {
    const typeName = type.name.value;
    const keys = usesIn(type.directives, nameOf, 'key', `On type "${typeName}", for`, [typeName]);
    if (type.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION || type.kind === Kind.INPUT_OBJECT_TYPE_EXTENSION) return keys;
    const fields = 'fields' in type ? (type.fields ?? []) : [];
    return keys.concat(
      ...fields.map((field) => {
        const where = `On field "${typeName}.${field.name.value}", for`;
        return [
          ...usesIn(field.directives, nameOf, 'requires', where, [typeName]),
          ...usesIn(field.directives, nameOf, 'provides', where, [namedType(field.type)]),
          ...(field.arguments ?? []).flatMap(({ directives }) => contextUses(directives, nameOf, where, contexts)),
        ];
      }),
    );
  });
}

type NameOf = (node: ConstDirectiveNode) => string;
type Directives = readonly ConstDirectiveNode[] | undefined;

function usesIn(
  directives: Directives,
  nameOf: NameOf,
  name: string,
  where: string,
  types: readonly string[],
): FieldSetUse[] {
  return (directives ?? []).flatMap((node) => {
    const fields = nameOf(node) === name ? textOf(node, 'fields') : undefined;
    if (fields === undefined) return [];
    const code = `${name.toUpperCase()}_INVALID_FIELDS`;
    return [{ node, where: `${where} @${node.name.value}`, types, fields, code }];
  });
}

/** Reads `@fromContext(field: "$context { field }")`. */
function contextUses(
  directives: Directives,
  nameOf: NameOf,
  where: string,
  contexts: ReadonlyMap<string, readonly string[]>,
): FieldSetUse[] {
  return (directives ?? []).flatMap((node) => {
    const field = nameOf(node) === 'fromContext' ? textOf(node, 'field') : undefined;
    const context = /^\s*\$(\w+)/.exec(field ?? '');
    if (field === undefined || context === null) return [];
    const types = contexts.get(context[1] ?? '') ?? [];
    const fields = field.slice(context[0].length);
    return [{ node, where: `${where} @${node.name.value}`, types, fields, code: 'CONTEXT_INVALID_SELECTION' }];
  });
}

/** Returns the types that set each context. */
function contextTypes(types: readonly TypeNodeWithFields[], nameOf: NameOf): Map<string, string[]> {
  const contexts = new Map<string, string[]>();
  for (const type of types) {
    for (const node of type.directives ?? []) {
      const name = nameOf(node) === 'context' ? textOf(node, 'name') : undefined;
      if (name !== undefined) contexts.set(name, [...(contexts.get(name) ?? []), type.name.value]);
    }
  }
  return contexts;
}

function textOf(node: ConstDirectiveNode, argument: string): string | undefined {
  const [use = {}] = directiveUses({ directives: [node] }, node.name.value);
  return text(use[argument]);
}
