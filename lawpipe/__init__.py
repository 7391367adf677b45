"""lawpipe: the Learning Law of language models, reproduced and audited (arXiv 2402.17759)."""
