// The rule's name in a hover leads to its page, rendered in a tab.

import { inEditor, output } from './browser.mjs';

await inEditor(async (page) => {
  await page.waitForSelector('.squiggly-warning, .squiggly-error');
  await page.locator('.view-line span', { hasText: '_active' }).last().hover();
  const link = page.locator('.monaco-hover a', { hasText: 'unguarded-write' }).first();
  await link.waitFor();
  await link.click();
  await page.locator('.tab', { hasText: 'unguarded-write' }).waitFor();
  const rendered = page.frameLocator('iframe.webview').frameLocator('#active-frame');
  await rendered.locator('h2', { hasText: 'Why it matters' }).waitFor();
  await page.screenshot({ path: output('rule.png') });
});
