"""The language server: a domain that writes into a source, in the editor (extra ``lsp``)."""
