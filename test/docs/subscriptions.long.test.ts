import { describe } from 'vitest';
import { followDocument } from '../readme/document.ts';

describe('what docs/subscriptions.md says, in its order', () => {
  followDocument('docs/subscriptions.md', { atLeast: 4 });
});
