"""The analysis of review-lsp: text in, findings out."""
