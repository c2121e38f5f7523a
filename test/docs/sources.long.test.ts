import { describe } from 'vitest';
import { followDocument } from '../readme/document.ts';

describe('what docs/sources.md says, in its order', () => {
  followDocument('docs/sources.md', { atLeast: 12 });
});
