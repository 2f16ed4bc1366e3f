// The pages of rules, as read-only documents that VS Code renders in a tab.

import * as vscode from 'vscode';

export const SCHEME = 'review-lsp';

/** Runs one of review-lsp's commands by the program that also serves, and returns what it printed. */
export type Run = (...args: string[]) => Promise<string>;

export interface Rule {
  readonly name: string;
  readonly concern: string;
  readonly severity: string;
}

/** Returns where the page of a rule is found. */
export function pageUri(rule: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/rules/${rule}.md` });
}

export class Pages implements vscode.TextDocumentContentProvider {
  private readonly run: Run;

  constructor(run: Run) {
    this.run = run;
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const rule = /^\/rules\/([a-z][a-z0-9-]*)\.md$/.exec(uri.path)?.[1];
    if (!rule) {
      throw new Error(`${uri.toString()} is not the page of a rule`);
    }
    return this.run('explain', rule);
  }

  /** Returns all rules. */
  async rules(): Promise<Rule[]> {
    return JSON.parse(await this.run('rules', '--output-format', 'json')) as Rule[];
  }
}

/** Shows the page of a rule: the given one, that of the finding at the cursor, or one from the list. */
export async function showRule(pages: Pages, given?: unknown): Promise<void> {
  const rule = typeof given === 'string' ? given : (ruleAtCursor() ?? (await chooseRule(pages)));
  if (rule) {
    await vscode.commands.executeCommand('markdown.showPreview', pageUri(rule));
  }
}

function ruleAtCursor(): string | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor) {
    return undefined;
  }
  const here = vscode.languages
    .getDiagnostics(editor.document.uri)
    .filter((one) => one.source === 'review' && one.range.contains(editor.selection.active));
  return here[0] && ruleOf(here[0]);
}

/** Returns the rule that a finding is of. */
export function ruleOf(diagnostic: vscode.Diagnostic): string | undefined {
  const code = diagnostic.code;
  const value = typeof code === 'object' ? code.value : code;
  return value === undefined ? undefined : String(value);
}

async function chooseRule(pages: Pages): Promise<string | undefined> {
  const items = pages.rules().then((rules) =>
    rules.map((rule) => ({ label: rule.name, description: `${rule.concern} · ${rule.severity}` })),
  );
  const chosen = await vscode.window.showQuickPick(items, { title: 'Show the page of a rule' });
  return chosen?.label;
}
