;;; A server that is killed is started again by Eglot, and the findings come back.  -*- lexical-binding: t; -*-
(require 'review-lsp)
(review-lsp-setup-eglot)
(require 'eglot)
;; Eglot lets a server rest that dies within this many seconds.
(setq eglot-autoreconnect 1)
(t-eglot "pool.py")
(t-findings 1)
(let* ((before (jsonrpc--process (eglot--current-server-or-lose)))
       (born (float-time)))
  (t-wait "a life worth continuing" (> (- (float-time) born) 1.5))
  (signal-process before 'SIGKILL)
  (t-wait "another server"
    (let ((server (eglot-current-server)))
      (and server (not (eq before (jsonrpc--process server))))))
  (t-wait "the findings of the other server"
    (ignore-errors (flymake-start))
    (= 1 (length (flymake-diagnostics)))))
