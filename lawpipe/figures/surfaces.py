"""Colours whose role the page knows (it has its own for light and for dark), and the id of a figure's title."""

INK = "#1f2933"
MUTED = "#5f6c7b"
GRID = "#e1e6eb"
PAPER = "#ffffff"
PANEL = "#f3f5f8"
BLUE = "#0072b2"

#: The id of a figure's own title in its SVG.
TITLE_ID = "headline"

SURFACES = {"ink": INK, "muted": MUTED, "grid": GRID, "paper": PAPER, "panel": PANEL, "blue": BLUE}
