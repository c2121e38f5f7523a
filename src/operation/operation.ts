import type { ArgumentNode, OperationTypeNode, TypeNode, VariableDefinitionNode } from 'graphql';
import type { FragmentSets } from './deferred-fragments.ts';
import type { StreamDirective } from './streamed-lists.ts';

/** A normalized client operation: fragments inlined, same keys merged, `@skip` and `@include` resolved. */
export interface Operation {
  readonly kind: `${OperationTypeNode}`;
  readonly name: string | undefined;
  readonly variables: readonly VariableDefinitionNode[];
  readonly selection: OpSelection;
  /** The deferred fragments that fields belong to, perhaps none; `undefined` where nothing is deferred or streamed. */
  readonly fragmentSets?: FragmentSets | undefined;
}

/** The selection on one object, in the order of the response. */
export interface OpSelection {
  readonly parentType: string;
  readonly items: readonly (OpField | OpTypeCondition)[];
}

export interface OpField {
  readonly kind: 'field';
  readonly responseKey: string;
  readonly name: string;
  readonly args: readonly ArgumentNode[];
  /** The arguments in a canonical form, `first:5,order:$order`; equal keys mean equal arguments. */
  readonly argsKey: string;
  readonly type: TypeNode;
  readonly namedType: string;
  readonly selection: OpSelection | undefined;
  /** The number of the set of deferred fragments that select it; `NOT_DEFERRED` where a part outside of them does. */
  readonly fragments: number;
  /** Set for a list whose items come one after the other. */
  readonly stream?: StreamDirective | undefined;
}

/** A part of a selection for some runtime types only. `typeCondition` is always narrower than the type around it. */
export interface OpTypeCondition {
  readonly kind: 'typeCondition';
  readonly typeCondition: string;
  readonly selection: OpSelection;
}
