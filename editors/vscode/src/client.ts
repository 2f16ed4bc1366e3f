// The language client: what it tells the server, and what it makes of what the server says.

import * as vscode from 'vscode';
import {
  LanguageClient,
  State,
  type LanguageClientOptions,
  type Middleware,
  type ServerOptions,
  type StaticFeature,
} from 'vscode-languageclient/node';

import type { Launch } from './launch.ts';
import { explicitSettings, SECTION } from './settings.ts';
import type { ServerStatus, Status } from './status.ts';

/** The scheme of the pages of rules, which the server provides. */
const PAGES = 'review-rule';

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
  client.registerFeature(knowsStatus);
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

/** Tells the server that somebody listens to `review/status`. */
const knowsStatus: StaticFeature = {
  fillClientCapabilities(capabilities) {
    capabilities.experimental = { ...(capabilities.experimental as object), reviewStatus: true };
  },
  initialize() {},
  getState: () => ({ kind: 'static' }),
  clear() {},
};

function middleware(keys: readonly string[]): Middleware {
  return {
    window: {
      async showDocument(params, token, next) {
        const uri = vscode.Uri.parse(params.uri);
        if (uri.scheme !== PAGES) {
          return next(params, token);
        }
        // The client would show the source; opening it as a link does shows the rendered page.
        await vscode.commands.executeCommand('vscode.open', uri);
        return { success: true };
      },
    },
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
  };
}
