// The entry in the language status of Python files.

import * as vscode from 'vscode';

/** What the server says of itself. */
export interface ServerStatus {
  readonly state: 'idle' | 'indexing' | 'degraded';
  readonly message?: string;
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
    const detail = status.message ? `Review: ${status.message}` : 'Review';
    const degraded = status.state === 'degraded';
    const { Warning, Information } = vscode.LanguageStatusSeverity;
    this.show(detail, status.state === 'indexing', degraded ? Warning : Information);
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
