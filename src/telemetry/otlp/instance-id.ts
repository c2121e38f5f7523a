import { randomUUID } from 'node:crypto';

/** The attribute `service.instance.id` of this process, the same in metrics and traces. */
export const INSTANCE_ID = randomUUID();
