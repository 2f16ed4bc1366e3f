;;; All safe fixes of the file in one step.  -*- lexical-binding: t; -*-
(require 'review-lsp)
(review-lsp-setup-eglot)
(require 'eglot)
(t-eglot "reports.py")
(t-findings 2)
(review-lsp-fix-all)
(t-equal (t-text "../expected/reports.py") (buffer-string))
(t-findings 0)
