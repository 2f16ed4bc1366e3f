// The language client: what it tells the server, and what it makes of what the server says.

import * as vscode from 'vscode';
import {
  LanguageClient,
  State,
  type LanguageClientOptions,
  type Middleware,
  type ServerOptions,
} from 'vscode-languageclient/node';

import type { Launch } from './launch.ts';
import { pageUri, ruleOf } from './pages.ts';
import { explicitSettings, SECTION } from './settings.ts';
import type { ServerStatus, Status } from './status.ts';

export const SELECTOR = [
  { language: 'python', scheme: 'file' },
  { language: 'python', scheme: 'untitled' },
];

/** Starts a server and returns its client. */
export async function start(
  launch: Launch,
  keys: readonly string[],
  status: Status,
  log: vscode.LogOutputChannel,
): Promise<LanguageClient> {
  const server: ServerOptions = {
    command: launch.command,
    args: [...launch.prefix, 'serve'],
    // A folder's modules must not be found before the server's own.
    options: { env: { ...process.env, PYTHONSAFEPATH: '1' } },
  };
  const options: LanguageClientOptions = {
    documentSelector: SELECTOR,
    diagnosticCollectionName: 'review',
    outputChannel: log,
    middleware: middleware(keys),
  };
  const client = new LanguageClient(SECTION, 'Review', server, options);
  client.onNotification('review/status', (given: ServerStatus) => status.update(given));
  client.onDidChangeState(({ newState }) => {
    if (newState === State.Starting) {
      status.starting();
    } else if (newState === State.Running) {
      const info = client.initializeResult?.serverInfo;
      status.running(`${info?.name ?? 'review-lsp'} ${info?.version ?? ''}`.trim(), launch.origin);
    } else {
      status.stopped('the server has stopped');
    }
  });
  await client.start();
  return client;
}

function middleware(keys: readonly string[]): Middleware {
  return {
    workspace: {
      async configuration(params, token, next) {
        const answers = (await next(params, token)) as unknown[];
        if (!Array.isArray(answers)) {
          return answers;
        }
        return params.items.map((item, index) => {
          const scope = item.scopeUri === undefined ? undefined : vscode.Uri.parse(item.scopeUri);
          return item.section === SECTION ? explicitSettings(keys, scope) : answers[index];
        });
      },
    },
    async provideDiagnostics(document, previous, token, next) {
      const report = await next(document, previous, token);
      if (report?.kind === 'full') {
        report.items.forEach(linkToPage);
      }
      return report;
    },
    handleDiagnostics(uri, diagnostics, next) {
      diagnostics.forEach(linkToPage);
      next(uri, diagnostics);
    },
  };
}

/** Has the rule's name in a finding lead to the page that the server brings along. */
function linkToPage(diagnostic: vscode.Diagnostic): void {
  const rule = ruleOf(diagnostic);
  if (diagnostic.source === 'review' && rule !== undefined) {
    diagnostic.code = { value: rule, target: pageUri(rule) };
  }
}
