// The pages of rules, which the server brings along as documents, and VS Code renders in a tab.

import * as vscode from 'vscode';

/** Asks something of the server. */
export type Ask = (command: string, ...args: unknown[]) => Promise<unknown>;

interface Rule {
  readonly name: string;
  readonly concern: string;
  readonly severity: string;
}

/**
 * Shows the page of a rule: the given one, that of the finding at the cursor, or one from a list.
 *
 * @param list returns all rules as JSON
 */
export async function showRule(ask: Ask, list: () => Promise<string>, given?: unknown): Promise<void> {
  const rule = typeof given === 'string' ? given : (ruleAtCursor() ?? (await chooseRule(list)));
  if (rule) {
    await ask('review.showRule', rule);
  }
}

function ruleAtCursor(): string | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor) {
    return undefined;
  }
  const code = vscode.languages
    .getDiagnostics(editor.document.uri)
    .find((one) => one.source === 'review' && one.range.contains(editor.selection.active))?.code;
  return code === undefined ? undefined : String(typeof code === 'object' ? code.value : code);
}

async function chooseRule(list: () => Promise<string>): Promise<string | undefined> {
  const items = list().then((text) =>
    (JSON.parse(text) as Rule[]).map((rule) => ({
      label: rule.name,
      description: `${rule.concern} · ${rule.severity}`,
    })),
  );
  const chosen = await vscode.window.showQuickPick(items, { title: 'Show the page of a rule' });
  return chosen?.label;
}
