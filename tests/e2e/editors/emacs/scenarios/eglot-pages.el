;;; The page of the rule at point is offered first; a name that is none is an error.  -*- lexical-binding: t; -*-
(require 'review-lsp)
(review-lsp-setup-eglot)
(require 'eglot)
(t-eglot "pool.py")
(t-findings 1)
(t-go-to "self._active.pop")
(let* (offered
       (completing-read-function
        (lambda (_prompt collection _predicate _require _initial _history default &rest _)
          (setq offered collection)
          default)))
  (call-interactively #'review-lsp-explain)
  (unless (member "leaked-resource" offered)
    (error "Offered: %S" offered)))
(with-current-buffer "*review-lsp: unguarded-write*"
  (t-contains "# unguarded-write" (buffer-string))
  (t-contains "Why it matters" (buffer-string)))
(condition-case problem
    (progn (review-lsp-explain "no-such-rule") (error "There is such a rule"))
  (user-error (t-contains "no-such-rule" (error-message-string problem))))
