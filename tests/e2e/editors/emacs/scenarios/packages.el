;;; The packages compile without a warning, and the documentation is Lisp.  -*- lexical-binding: t; -*-
(require 'lsp-mode)
(setq byte-compile-error-on-warn t
      byte-compile-dest-file-function (lambda (_) (expand-file-name "../compiled.elc")))
(dolist (name '("review-lsp" "review-lsp-lsp-mode"))
  (unless (byte-compile-file (expand-file-name (concat name ".el") (getenv "PACKAGE")))
    (error "%s does not compile" name)))

(let ((blocks 0))
  (with-temp-buffer
    (insert-file-contents (expand-file-name "README.md" (getenv "PACKAGE")))
    (while (re-search-forward "^```elisp\n" nil t)
      (let ((end (save-excursion (re-search-forward "^```$") (match-beginning 0))))
        (while (< (progn (skip-chars-forward " \n") (point)) end)
          (unless (memq (car (read (current-buffer))) '(add-to-list require add-hook setq setq-default
                                                        review-lsp-setup-eglot))
            (error "Line %d" (line-number-at-pos))))
        (setq blocks (1+ blocks)))))
  (t-equal 3 blocks))
