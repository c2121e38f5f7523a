import { type GraphQLField, type GraphQLSchema, isInterfaceType, isObjectType } from 'graphql';
import type { Operation, OpField, OpSelection } from '../../operation/operation.ts';
import type { Rule } from './rule.ts';
import type { SchemaRules } from './rules-of-schema.ts';

/** A part of an operation that limits apply to. */
export interface MatchedLimit {
  /** The fields that are dropped when one of the limits is reached. */
  readonly fields: readonly OpField[];
  readonly rules: readonly Rule[];
  /** The field whose arguments may be part of the keys. */
  readonly field: OpField | undefined;
  /** The definition of that field in the schema, with the defaults of its arguments. */
  readonly definition: GraphQLField<unknown, unknown> | undefined;
  /** The path for messages: response keys from the root. */
  readonly path: readonly string[];
}

/**
 * Returns the parts of an operation that limits apply to, in the order of the operation.
 *
 * A field counts once where it is written, however many objects it is read from. A type counts where one of its fields is
 * selected: with the field or the fragment that selects them. A root type counts with all its fields.
 */
export function matchLimits(operation: Operation, rules: SchemaRules, schema: GraphQLSchema): readonly MatchedLimit[] {
  const matched: MatchedLimit[] = [];
  const add = (fields: readonly OpField[], found: readonly Rule[], path: readonly string[], at?: FieldOf) => {
    if (found.length === 0 || fields.length === 0) return;
    matched.push({ fields, rules: found, field: at?.field, definition: at && definitionOf(schema, at), path });
  };
  const visit = (selection: OpSelection, path: readonly string[]): void => {
    const { parentType } = selection;
    for (const item of selection.items) {
      if (item.kind === 'typeCondition') {
        add(ownFields(item.selection), rules.ofType(item.typeCondition), path);
        visit(item.selection, path);
        continue;
      }
      const { name, selection: inner } = item;
      const here = [...path, item.responseKey];
      const leading = inner && ownFields(inner).length > 0 ? rules.ofType(inner.parentType) : [];
      const own = name === '__typename' ? [] : rules.ofField(parentType, name);
      add([item], [...own, ...leading], here, { field: item, parentType });
      if (inner) visit(inner, here);
    }
  };
  const root = operation.selection;
  add(ownFields(root), rules.ofType(root.parentType), []);
  visit(root, []);
  return matched;
}

interface FieldOf {
  readonly field: OpField;
  readonly parentType: string;
}

function definitionOf(schema: GraphQLSchema, { field, parentType }: FieldOf) {
  const type = schema.getType(parentType);
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[field.name] : undefined;
}

/** Returns the fields of a selection that read data: `__typename` alone does not count. */
function ownFields({ items }: OpSelection): OpField[] {
  return items.filter((item): item is OpField => item.kind === 'field' && !item.name.startsWith('__'));
}
