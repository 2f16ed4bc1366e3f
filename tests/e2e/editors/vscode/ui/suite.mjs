// Keeps a window open until the driver has run its suite.

import fs from 'node:fs';

import { inEditor } from './browser.mjs';

await inEditor(async () => {
  const end = Date.now() + 45_000;
  while (!fs.existsSync(process.env.RESULT)) {
    if (Date.now() > end) {
      throw new Error('the suite does not end');
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});
