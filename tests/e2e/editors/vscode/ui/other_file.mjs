// A fix that lands in a file that is not open is shown and agreed to before that file is changed.

import { readFileSync } from 'node:fs';
import { inEditor, output, until } from './browser.mjs';

const other = output('service/base.py');
const decorated = () => readFileSync(other, 'utf8').split('@lockutils').length - 1;

await inEditor(async (page) => {
  await page.waitForSelector('.squiggly-warning');
  await page.keyboard.press('Control+G');
  await page.keyboard.type('20:10');
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  await page.locator('.codicon-light-bulb, .codicon-gutter-lightbulb').first().waitFor();
  const actions = page.locator('.action-widget .monaco-list-row.action');
  // A key that comes right after the cursor was moved is sometimes lost.
  await until('the actions', async () => {
    await page.keyboard.press('Control+.');
    return actions.first().waitFor({ timeout: 2000 }).then(() => true, () => false);
  });
  const titles = await actions.allTextContents();
  if (!titles[0].includes("Hold `'tracker'` with `@lockutils.synchronized`")) {
    throw new Error(`the fix is not named: ${titles.join(', ')}`);
  }
  const focused = () => page.locator('.action-widget .monaco-list-row.action.focused').textContent();
  while (!(await focused()).includes(titles[0])) {
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Enter');

  const preview = page.locator('.bulk-edit-panel');
  await preview.waitFor();
  await until('the difference', async () => (await preview.textContent()).includes('base.py'));
  if (decorated() !== 1) {
    throw new Error('the other file changed before anybody agreed');
  }
  await preview.locator('.monaco-list').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Space');
  const ticks = preview.locator('input[type=checkbox]:checked, [role=checkbox][aria-checked=true]');
  await until('the ticks', async () => (await ticks.count()) > 1);
  await page.keyboard.press('Control+Enter');
  await preview.waitFor({ state: 'hidden' });
  await page.locator('.tab.dirty', { hasText: 'base.py' }).click();
  await page.keyboard.press('Control+S');
  await until('the file', async () => decorated() === 2);
  await page.locator('.tab', { hasText: 'tracker.py' }).click();
  await until('the end of the finding', async () => !(await page.locator('.squiggly-warning').count()));
});
