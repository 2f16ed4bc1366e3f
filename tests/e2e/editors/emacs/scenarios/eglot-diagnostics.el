;;; The finding stands where the code is, with its rule and its evidence.  -*- lexical-binding: t; -*-
(require 'review-lsp)
(review-lsp-setup-eglot)
(require 'eglot)
(t-eglot "pool.py")
(let ((finding (car (t-findings 1))))
  (t-equal "self._active.pop(name, None)"
           (buffer-substring (flymake-diagnostic-beg finding) (flymake-diagnostic-end finding)))
  (t-contains "unguarded-write" (flymake-diagnostic-text finding))
  (t-contains "`_active` is written without `self._slots`" (flymake-diagnostic-text finding))
  ;; Eglot has no place for evidence, so that it stands in the message.
  (t-contains "line 11: written under `self._slots` in `add`" (flymake-diagnostic-text finding)))
