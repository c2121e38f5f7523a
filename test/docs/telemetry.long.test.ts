import { describe } from 'vitest';
import { followDocument } from '../readme/document.ts';

describe('what docs/telemetry.md says, in its order', () => {
  followDocument('docs/telemetry.md', { atLeast: 6, arrive: async () => ({ METRICS_LISTEN: '127.0.0.1:0' }) });
});
