;;; review-lsp.el --- Comments of a senior engineer on Python services  -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: languages, tools
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; review-lsp is a language server.  This file tells Eglot how to start it, and has the two commands
;; that Eglot has no word for: the page of a rule, and all safe fixes of a buffer.
;;
;;   (require 'review-lsp)
;;   (review-lsp-setup-eglot)
;;   (add-hook 'python-mode-hook #'eglot-ensure)
;;
;; Those who use lsp-mode require `review-lsp-lsp-mode' instead.

;;; Code:

(require 'seq)
(require 'subr-x)

(defgroup review-lsp nil
  "Comments of a senior engineer on Python services."
  :group 'tools
  :prefix "review-lsp-")

(defcustom review-lsp-command '("review-lsp" "serve")
  "The command line that starts the server."
  :type '(repeat string))

(defconst review-lsp-fix-all-kind "source.fixAll.review"
  "The kind of the code action that applies all safe fixes of a file.")

(defvar eglot-server-programs)
(defvar flymake-mode)
(defvar lsp-mode)
(declare-function eglot-code-actions "eglot")
(declare-function flymake-diagnostics "flymake")
(declare-function flymake-diagnostic-text "flymake")
(declare-function lsp-execute-code-action-by-kind "lsp-mode")

;;;###autoload
(defun review-lsp-setup-eglot ()
  "Have Eglot start review-lsp in Python buffers.
Eglot has one server a buffer: this puts review-lsp in the place of any other."
  (with-eval-after-load 'eglot
    (add-to-list 'eglot-server-programs
                 '((python-mode python-ts-mode) . review-lsp--contact))))

(defun review-lsp--contact (&rest _)
  "Return the command line of the server, for Eglot."
  review-lsp-command)

(defun review-lsp--output (&rest arguments)
  "Run review-lsp with ARGUMENTS and return what it printed.
The program is that of `review-lsp-command'."
  (let ((line (append (seq-difference review-lsp-command '("serve" "--stdio")) arguments)))
    (with-temp-buffer
      (let ((code (apply #'call-process (car line) nil t nil (cdr line))))
        (unless (eql code 0)
          (user-error "%s: %s" (string-join line " ") (string-trim (buffer-string))))
        (buffer-string)))))

(defun review-lsp--rules ()
  "Return the names of all rules."
  (mapcar (lambda (rule) (alist-get 'name rule))
          (json-parse-string (review-lsp--output "rules" "--output-format" "json")
                             :object-type 'alist)))

(defun review-lsp--rule-at-point (rules)
  "Return the one of RULES that the finding at point is of, or nil."
  (when (bound-and-true-p flymake-mode)
    (let ((texts (mapcar #'flymake-diagnostic-text
                         (flymake-diagnostics (line-beginning-position) (line-end-position)))))
      (seq-find (lambda (rule)
                  (seq-some (lambda (text) (string-match-p (regexp-quote rule) text)) texts))
                rules))))

;;;###autoload
(defun review-lsp-explain (rule)
  "Show the page of RULE in a buffer of its own.
Interactively, the rule of the finding at point is offered."
  (interactive
   (let* ((rules (review-lsp--rules))
          (here (review-lsp--rule-at-point rules)))
     (list (completing-read (format-prompt "Rule" here) rules nil t nil nil here))))
  (let ((text (review-lsp--output "explain" rule)))
    (with-current-buffer (get-buffer-create (format "*review-lsp: %s*" rule))
      (let ((inhibit-read-only t))
        (erase-buffer)
        (insert text)
        (goto-char (point-min)))
      (if (fboundp 'markdown-view-mode) (funcall 'markdown-view-mode) (special-mode))
      (pop-to-buffer (current-buffer)))))

;;;###autoload
(defun review-lsp-fix-all ()
  "Apply all safe fixes to the current buffer."
  (interactive)
  (if (bound-and-true-p lsp-mode)
      (lsp-execute-code-action-by-kind review-lsp-fix-all-kind)
    (eglot-code-actions (point-min) (point-max) review-lsp-fix-all-kind t)))

(provide 'review-lsp)
;;; review-lsp.el ends here
