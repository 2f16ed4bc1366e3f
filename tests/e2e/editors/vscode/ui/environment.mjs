// Nothing compiled fits the interpreter: the extension says so, says what it would do, and does it.

import { inEditor, output } from './browser.mjs';

await inEditor(async (page) => {
  const toast = page.locator('.notifications-toasts', { hasText: 'no compiled packages for Python 3.99' });
  await toast.waitFor();
  await toast.locator('.monaco-button', { hasText: 'Create Environment' }).click();
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.waitFor();
  const said = await dialog.textContent();
  for (const part of ['virtual environment is made in', 'msgspec==', 'Nothing else on this machine changes']) {
    if (!said.includes(part)) {
      throw new Error(`${part} is not in the dialog: ${said}`);
    }
  }
  await page.screenshot({ path: output('environment.png') });
  await dialog.locator('.monaco-button', { hasText: /^Create$/ }).click();
  await page.waitForSelector('.squiggly-error', { timeout: 60_000 });
});
