// A browser window with the editor in it.

import { createRequire } from 'node:module';
import path from 'node:path';

const { chromium } = createRequire(import.meta.url)(process.env.PLAYWRIGHT);

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/** Opens the editor, lets a function work in it, and takes a picture when that fails. */
export async function inEditor(work) {
  // The cache of the windows before this one brings the editor sooner.
  const profile = path.join(process.env.HOME, 'chromium');
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    args: FLAGS,
    viewport: { width: 1100, height: 620 },
  });
  const page = browser.pages()[0] ?? (await browser.newPage());
  page.setDefaultTimeout(30_000);
  let code = 0;
  try {
    await page.goto(process.env.URL);
    await page.waitForSelector('.monaco-workbench');
    await work(page);
  } catch (error) {
    console.error(error);
    await page.screenshot({ path: output('failure.png') });
    code = 1;
  }
  await browser.close();
  process.exit(code);
}

/** Returns where a file goes that the test wants to see. */
export function output(name) {
  return path.join(process.env.OUTPUT, name);
}

/** Returns the text that the editor shows, line by line from the top. */
export async function shownText(page) {
  const rows = await page.locator('.editor-instance .view-line').evaluateAll((lines) =>
    lines
      .map((line) => [parseFloat(line.style.top), line.textContent.replaceAll('\u00a0', ' ')])
      .sort((one, other) => one[0] - other[0])
      .map((row) => row[1]),
  );
  return rows.join('\n');
}

/** Waits until a function returns something, and returns that. */
export async function until(what, condition) {
  const end = Date.now() + 30_000;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`waited in vain for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
