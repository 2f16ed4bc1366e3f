// A safe fix is chosen from the hover with the mouse, and applied without another question.

import { inEditor, output, until } from './browser.mjs';

await inEditor(async (page) => {
  await page.waitForSelector('.squiggly-warning');
  const before = await page.locator('.squiggly-warning').count();
  const place = page.locator('.view-line span span', { hasText: /^open$/ }).first();
  await place.hover();
  const quickFix = page.locator('.monaco-hover a', { hasText: 'Quick Fix' }).first();
  await quickFix.waitFor();
  await quickFix.click();
  const action = page.locator('.action-widget .monaco-list-row.action', { hasText: 'Open `stream` in `with`' });
  await action.first().waitFor();
  await page.screenshot({ path: output('safe-fix.png') });
  await action.first().click();
  await until('the fix', async () => (await page.locator('.squiggly-warning').count()) < before);
  await page.keyboard.press('Control+S');
  await until('the file', async () => !(await page.locator('.tab.dirty').count()));
});
