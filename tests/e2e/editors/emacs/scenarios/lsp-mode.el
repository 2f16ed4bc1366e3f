;;; Finding, fix and settings through lsp-mode.  -*- lexical-binding: t; -*-
(require 'review-lsp-lsp-mode)
;; `emacs -Q' has no autoloads.
(require 'lsp-diagnostics)
(setq lsp-auto-guess-root t
      lsp-enable-snippet nil
      lsp-headerline-breadcrumb-enable nil
      lsp-modeline-code-actions-enable nil
      lsp-modeline-diagnostics-enable nil
      lsp-modeline-workspace-status-enable nil
      lsp-diagnostics-provider :flymake
      lsp-enable-file-watchers nil
      lsp-session-file (expand-file-name "../session")
      lsp-restart 'ignore
      review-lsp-settings '((severity . ((unguarded-write . "error")))))
(lsp-workspace-folders-add default-directory)
(find-file "pool.py")
(lsp)
(let ((finding (car (t-findings 1))))
  (t-equal :error (flymake-diagnostic-type finding))
  (t-contains "`_active` is written without `self._slots`" (flymake-diagnostic-text finding)))
(t-go-to "self._active.pop")
(t-choosing "Hold `self._slots`" (call-interactively #'lsp-execute-code-action))
(t-wait "the edit" (equal (t-text "../expected/pool.py") (buffer-string)))
(t-findings 0)
(set-buffer-modified-p nil)

(find-file "reports.py")
(lsp)
(t-findings 2)
(review-lsp-fix-all)
(t-wait "the fixes" (equal (t-text "../expected/reports.py") (buffer-string)))
(t-findings 0)
(set-buffer-modified-p nil)
