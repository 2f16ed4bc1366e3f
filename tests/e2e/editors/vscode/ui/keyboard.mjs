// A finding is read and mended with the keyboard alone; the fix wants a look, and gets one.

import { inEditor, output, shownText, until } from './browser.mjs';

await inEditor(async (page) => {
  await page.waitForSelector('.squiggly-error');
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

  const preview = page.locator('.bulk-edit-panel');
  await preview.waitFor();
  await until('the difference', async () => (await preview.textContent()).includes('pool.py'));
  if ((await shownText(page)).includes('            self._active.pop')) {
    throw new Error('the text changed before anybody agreed');
  }
  // Nothing is ticked at first. The space bar ticks the whole file, and Ctrl+Enter applies.
  await preview.locator('.monaco-list').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Space');
  const ticks = preview.locator('input[type=checkbox]:checked, [role=checkbox][aria-checked=true]');
  await until('the ticks', async () => (await ticks.count()) > 1);
  const difference = page.locator('.multiDiffEntry .line-insert').first();
  await difference.waitFor();
  await page.screenshot({ path: output('preview.png') });
  await page.keyboard.press('Control+Enter');
  await preview.waitFor({ state: 'hidden' });
  await until('the fix', async () => (await shownText(page)).includes('            self._active.pop'));
  await until('the end of the finding', async () => !(await page.locator('.squiggly-error').count()));
  await page.keyboard.press('Control+1');
  await page.keyboard.press('Control+S');
  await until('the file', async () => !(await page.locator('.tab.dirty').count()));
});
