"""Read models: what somebody sees of several domains, and what they may do now.

One module per feature, one function per thing that is looked at: each takes a `ReadTx` and who looks, and returns frozen
structs with `Money`, ids, times and texts in every language. The API encodes them as they are; the storefront picks the
language and draws. Nothing is decided here: what may be done is asked of the domains' rules.
"""
