import type { GraphQLFormattedError } from 'graphql';
import type { DebugTrace, PolicyTrace } from '../shared/debug-trace.ts';
import type { DroppedErrors } from './evaluate-policies.ts';
import type { PolicyRefusal } from './operation-policy.ts';

/** Records that a policy refused an operation. */
export function traceRefusal(debug: DebugTrace, { errors }: PolicyRefusal): void {
  for (const error of errors) debug.addPolicy(policyOf('refused', error));
}

/** Records the fields that policies dropped, also those whose errors the client does not see. */
export function traceDropped(debug: DebugTrace, { all, requirements }: DroppedErrors): void {
  for (const error of all) debug.addPolicy({ ...policyOf('dropped', error), requirement: requirements.get(error) });
}

function policyOf(
  decision: PolicyTrace['decision'],
  { message, path, extensions }: GraphQLFormattedError,
): PolicyTrace {
  return { decision, code: String(extensions?.code ?? ''), message, path };
}
