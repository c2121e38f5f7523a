import { describe } from 'vitest';
import { followDocument } from '../readme/document.ts';

describe('what docs/uploads.md says, in its order', () => {
  followDocument('docs/uploads.md', { atLeast: 5 });
});
