;;; review-lsp-lsp-mode.el --- review-lsp as a client of lsp-mode  -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1") (lsp-mode "8.0"))
;; Keywords: languages, tools
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; review-lsp beside the other servers of a Python buffer:
;;
;;   (require 'review-lsp-lsp-mode)
;;   (add-hook 'python-mode-hook #'lsp-deferred)

;;; Code:

(require 'lsp-mode)
(require 'review-lsp)

(defcustom review-lsp-settings nil
  "Settings that go before those of the project.
The keys are those of [tool.review-lsp] in pyproject.toml, for example
\((profile . \"strict\") (ignore . [\"halting-cleanup\"])).  A server that runs
learns of them when it is restarted by `lsp-workspace-restart'."
  :type '(alist :key-type symbol :value-type sexp)
  :group 'review-lsp)

(defun review-lsp--initialization-options ()
  "Return the settings as they go to the server."
  (or review-lsp-settings (make-hash-table)))

(lsp-register-client
 (make-lsp-client
  :new-connection (lsp-stdio-connection (lambda () review-lsp-command))
  :activation-fn (lsp-activate-on "python")
  :server-id 'review-lsp
  :priority -2
  :add-on? t
  :initialization-options #'review-lsp--initialization-options
  :notification-handlers (lsp-ht ("review/status" #'ignore))))

(provide 'review-lsp-lsp-mode)
;;; review-lsp-lsp-mode.el ends here
