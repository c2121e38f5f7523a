import type { DeferredPart } from '../executor/payload.ts';
import type { PayloadStream } from '../executor/payload-stream.ts';
import type { OperationSpans } from '../shared/trace.ts';

/** The most payloads of one result that have spans: each item of a long list can have a deferred fragment. */
const MAX_SPANS = 100;

/**
 * Records a span for each payload after the first one. It begins when the part was announced, or when the payload of it before was
 * delivered, and ends when the payload is.
 */
export function tracePayloads(payloads: PayloadStream, spans: OperationSpans): void {
  const begun = new Map<string, number>();
  let left = MAX_SPANS;
  payloads.map((payload) => {
    const { deferred, announced, errors } = payload;
    const now = performance.now();
    // sections of endpoints are not announced: they begin with the first payload
    const id = deferred?.fragment?.pending.id ?? '';
    if (deferred && left-- > 0) {
      const error = errors[0] && { code: errors[0].extensions?.code };
      spans.addPayload({ ...describe(deferred), startedAt: begun.get(id) ?? now, error });
    }
    if (deferred?.fragment || !deferred) begun.set(id, now);
    for (const pending of announced) begun.set(pending.id, now);
    return payload;
  });
}

/** Returns the label and the path of a part; that of items has the index of the first one, as in the older format. */
function describe({ group, path, fragment }: DeferredPart): { label: string | undefined; path: string } {
  const index = fragment?.index;
  const steps = group?.path ?? (index === undefined ? path : [...path, index]);
  return { label: fragment?.pending.label, path: steps.join('.') };
}
