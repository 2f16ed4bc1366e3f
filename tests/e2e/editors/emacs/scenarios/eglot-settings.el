;;; Settings go before those of the project, at the start and when they change.  -*- lexical-binding: t; -*-
(require 'review-lsp)
(review-lsp-setup-eglot)
(require 'eglot)
(write-region "[tool.review-lsp.severity]\nunguarded-write = 'information'\n" nil "pyproject.toml")
(setq-default eglot-workspace-configuration '((:review-lsp . (:severity (:unguarded-write "error")))))

(defun shown-as (type)
  "Wait until the finding is shown as TYPE."
  (t-wait (format "the finding as %s" type)
    (let ((found (flymake-diagnostics)))
      (and (= 1 (length found)) (eq type (flymake-diagnostic-type (car found)))))))

(t-eglot "pool.py")
(shown-as 'eglot-error)
(setq-default eglot-workspace-configuration '((:review-lsp . (:ignore ["synchronization"]))))
(eglot-signal-didChangeConfiguration (eglot--current-server-or-lose))
(t-findings 0)
(setq-default eglot-workspace-configuration nil)
(eglot-signal-didChangeConfiguration (eglot--current-server-or-lose))
(shown-as 'eglot-note)
