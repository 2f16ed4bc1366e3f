;;; harness.el --- Runs one scenario, and ends Emacs with code 0 when it went well  -*- lexical-binding: t; -*-

;; `emacs -Q' does not look for the packages of the distribution.
(dolist (folder '("/usr/share/emacs/site-lisp/elpa" "/usr/share/emacs/site-lisp/elpa-src"))
  (when (file-directory-p folder)
    (dolist (package (directory-files folder t "\\`[^.]"))
      (add-to-list 'load-path package))))
(add-to-list 'load-path (getenv "PACKAGE"))

(require 'cl-lib)
(require 'flymake)

(setq make-backup-files nil
      auto-save-default nil
      create-lockfiles nil
      ;; The tests wait for what they need, and nobody is there to be spared.
      flymake-no-changes-timeout 0.1)

(defvar t-patience 20 "How many seconds to wait for anything.")

(defmacro t-wait (what &rest condition)
  "Wait until CONDITION is true and return its value; fail by the name of WHAT."
  `(let ((end (+ (float-time) t-patience)) value)
     (while (not (setq value (progn ,@condition)))
       (when (> (float-time) end)
         (error "Waited in vain for %s" ,what))
       (accept-process-output nil 0.05))
     value))

(defun t-equal (expected actual)
  "Fail unless EXPECTED and ACTUAL are equal."
  (unless (equal expected actual)
    (error "Expected:\n%S\nbut got:\n%S" expected actual)))

(defun t-contains (part text)
  "Fail unless TEXT has PART."
  (unless (string-search part text)
    (error "%S is not in:\n%s" part text)))

(defun t-eglot (file)
  "Visit FILE as a user does who has Eglot in a hook."
  (find-file file)
  (eglot-ensure)
  ;; It connects after the command that opened the file; in batch mode nothing is a command.
  (run-hooks 'post-command-hook))

(defun t-findings (count)
  "Wait until there are COUNT findings in the buffer, and return them."
  (t-wait (format "%d findings" count)
    ;; Eglot tells of edits when Emacs is idle, which it never is in batch mode.
    (when (bound-and-true-p eglot--managed-mode)
      (eglot--signal-textDocument/didChange))
    (let ((found (flymake-diagnostics)))
      (and (= count (length found)) (or found 'none)))))

(defun t-go-to (text)
  "Put point on the first place where TEXT stands."
  (goto-char (point-min))
  (search-forward text)
  (goto-char (match-beginning 0)))

(defun t-text (file)
  "Return what FILE holds."
  (with-temp-buffer
    (insert-file-contents file)
    (buffer-string)))

(defmacro t-choosing (part &rest body)
  "Run BODY, and choose what has PART in its name when asked; return all that was offered."
  `(let* ((last-nonmenu-event t)
          (offered nil)
          (completing-read-function
           (lambda (_prompt collection &rest _)
             (setq offered (all-completions "" collection))
             (or (seq-find (lambda (name) (string-search ,part name)) offered)
                 (error "No %S among %S" ,part offered)))))
     ,@body
     offered))

(unless (locate-library (getenv "LIBRARY"))
  (message "There is no library %s" (getenv "LIBRARY"))
  (kill-emacs 0))

(condition-case problem
    (load (getenv "SCENARIO") nil t t)
  (error
   (message "%s" (error-message-string problem))
   (dolist (buffer (buffer-list))
     (when (string-match-p "stderr\\|Flymake log" (buffer-name buffer))
       (message "-- %s\n%s" (buffer-name buffer) (with-current-buffer buffer (buffer-string)))))
   (kill-emacs 1)))
(kill-emacs 0)
