import { describe } from 'vitest';
import { followDocument } from '../readme/document.ts';

describe('what docs/policies.md says, in its order', () => {
  followDocument('docs/policies.md', { atLeast: 15 });
});
