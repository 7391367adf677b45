"""The report: tables, sentences made from the numbers, and the self-contained page that shows them."""
