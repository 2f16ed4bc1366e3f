// The settings that the server is told of.

import * as vscode from 'vscode';

export const SECTION = 'review-lsp';

/** Settings that are about the extension, and none of the server's business. */
const OWN = /^(server|trace)\./;

/** Returns the server's settings, as far as somebody set them: a default must not hide the project's file. */
export function explicitSettings(
  keys: readonly string[],
  scope?: vscode.ConfigurationScope,
): Record<string, unknown> {
  const settings = vscode.workspace.getConfiguration(SECTION, scope ?? null);
  const found: Record<string, unknown> = {};
  for (const key of keys) {
    const known = settings.inspect(key);
    const given = [known?.globalValue, known?.workspaceValue, known?.workspaceFolderValue];
    if (given.some((value) => value !== undefined)) {
      found[key] = settings.get(key);
    }
  }
  return found;
}

/** Returns the names of the server's settings, without the section. */
export function serverKeys(extension: vscode.Extension<unknown>): string[] {
  const manifest = extension.packageJSON as {
    contributes: { configuration: { properties: Record<string, unknown> } };
  };
  return Object.keys(manifest.contributes.configuration.properties)
    .map((name) => name.slice(SECTION.length + 1))
    .filter((name) => !OWN.test(name));
}
