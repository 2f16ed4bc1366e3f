// What a report of a defect should say of the installation.

import * as vscode from 'vscode';

import type { Launch } from './launch.ts';
import { explicitSettings } from './settings.ts';

/** Shows a value as JSON in a tab of its own. */
export async function showJson(value: unknown): Promise<void> {
  const content = `${JSON.stringify(value, undefined, 2)}\n`;
  const document = await vscode.workspace.openTextDocument({ language: 'json', content });
  await vscode.window.showTextDocument(document);
}

/** Returns what there is to know of the extension, and of the server as it says itself. */
export function information(
  extension: vscode.Extension<unknown>,
  launch: Launch | undefined,
  keys: readonly string[],
  server: unknown,
): Record<string, unknown> {
  return {
    extension: (extension.packageJSON as { version: string }).version,
    editor: `${vscode.env.appName} ${vscode.version}`,
    platform: `${process.platform}-${process.arch}`,
    trusted: vscode.workspace.isTrusted,
    launch,
    settings: explicitSettings(keys),
    server,
  };
}
