// A finding is read and mended with the keyboard alone; the fix wants a look, and gets one.

import { inEditor, output, shownText, until } from './browser.mjs';

await inEditor(async (page) => {
  await page.waitForSelector('.squiggly-warning, .squiggly-error');
  await page.keyboard.press('Control+G');
  await page.keyboard.type('22:10');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+K');
  await page.keyboard.press('Control+I');
  const hover = page.locator('.monaco-hover:not(.hidden) .monaco-hover-content').first();
  await hover.waitFor();
  const said = await hover.textContent();
  for (const part of ['is written without', 'unguarded-write', 'written under']) {
    if (!said.includes(part)) {
      throw new Error(`${part} is not in the hover: ${said}`);
    }
  }
  await page.screenshot({ path: output('finding.png') });
  await page.keyboard.press('Escape');

  await page.keyboard.press('Control+.');
  const actions = page.locator('.action-widget .monaco-list-row.action');
  await actions.first().waitFor();
  const titles = await actions.allTextContents();
  if (!titles.some((title) => title.includes('Ignore `unguarded-write` here'))) {
    throw new Error(`the comment is not offered: ${titles.join(', ')}`);
  }
  await page.screenshot({ path: output('actions.png') });
  const at = titles.findIndex((title) => title.includes('Hold `self._slots`'));
  const focused = () => page.locator('.action-widget .monaco-list-row.action.focused').textContent();
  while (!(await focused()).includes(titles[at])) {
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Enter');

  const preview = page.locator('.refactor-preview');
  await preview.waitFor();
  await until('the difference', async () => (await preview.textContent()).includes('pool.py'));
  await page.waitForTimeout(500);
  await page.screenshot({ path: output('preview.png') });
  if ((await shownText(page)).includes('        with self._slots:\n            self._active.pop')) {
    throw new Error('the text changed before anybody agreed');
  }
  // "Apply", as in the list of commands.
  await page.keyboard.press('Shift+Enter');
  await until('the fix', async () => !(await page.locator('.squiggly-warning, .squiggly-error').count()));
  await page.keyboard.press('Control+1');
  await page.keyboard.press('Control+S');
  await until('the file', async () => !(await page.locator('.tab.dirty').count()));
});
