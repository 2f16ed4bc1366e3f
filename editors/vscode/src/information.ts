// What a report of a defect should say of the installation.

import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';

import type { Launch } from './launch.ts';
import { explicitSettings } from './settings.ts';

/** Shows what there is to know of the extension and the server in a tab of its own. */
export async function showInformation(
  extension: vscode.Extension<unknown>,
  launch: Launch | undefined,
  client: LanguageClient | undefined,
  keys: readonly string[],
): Promise<void> {
  const about = {
    extension: (extension.packageJSON as { version: string }).version,
    editor: `${vscode.env.appName} ${vscode.version}`,
    platform: `${process.platform}-${process.arch}`,
    trusted: vscode.workspace.isTrusted,
    folders: vscode.workspace.workspaceFolders?.length ?? 0,
    launch,
    settings: explicitSettings(keys),
    server: client?.initializeResult?.serverInfo,
    capabilities: client?.initializeResult?.capabilities,
  };
  const content = `${JSON.stringify(about, undefined, 2)}\n`;
  const document = await vscode.workspace.openTextDocument({ language: 'json', content });
  await vscode.window.showTextDocument(document);
}
