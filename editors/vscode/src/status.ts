// The entry in the language status of Python files.

import * as vscode from 'vscode';

/** What the server says of itself. */
export interface ServerStatus {
  readonly state: 'idle' | 'indexing' | 'degraded';
  /** How many files are indexed, of how many. */
  readonly done: number;
  readonly total: number;
  /** Why something does not work as it should. */
  readonly reasons: readonly string[];
}

export class Status implements vscode.Disposable {
  private readonly item: vscode.LanguageStatusItem;
  private server = '';

  constructor(selector: vscode.DocumentSelector) {
    this.item = vscode.languages.createLanguageStatusItem('review-lsp', selector);
    this.item.name = 'Review';
    this.item.command = { command: 'review-lsp.showLogs', title: 'Show logs' };
  }

  starting(): void {
    this.show('Review: starting', true);
  }

  running(version: string, origin: string): void {
    this.server = `${version}, from ${origin}`;
    this.show('Review', false);
  }

  stopped(reason: string): void {
    this.server = '';
    this.show(`Review: ${reason}`, false, vscode.LanguageStatusSeverity.Error);
  }

  /** Shows what the server says of itself. */
  update(status: ServerStatus): void {
    const indexing = status.state === 'indexing';
    const words = [
      ...(indexing ? [`indexing ${status.done} of ${status.total} files`] : []),
      ...status.reasons,
    ];
    const { Warning, Information } = vscode.LanguageStatusSeverity;
    const severity = status.reasons.length > 0 ? Warning : Information;
    this.show(words.length > 0 ? `Review: ${words.join('; ')}` : 'Review', indexing, severity);
  }

  dispose(): void {
    this.item.dispose();
  }

  private show(
    text: string,
    busy: boolean,
    severity: vscode.LanguageStatusSeverity = vscode.LanguageStatusSeverity.Information,
  ): void {
    this.item.text = text;
    this.item.detail = this.server;
    this.item.busy = busy;
    this.item.severity = severity;
  }
}
