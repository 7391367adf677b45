"""Colours whose role the page knows (it has its own for light and for dark), and the title of a figure."""

INK = "#1f2933"
MUTED = "#5f6c7b"
GRID = "#e1e6eb"
PAPER = "#ffffff"
PANEL = "#f3f5f8"
BLUE = "#0072b2"

#: The id of a figure's own title in its SVG.
TITLE_ID = "headline"
#: The height of a title at the top of a figure, in inches.
TITLE_HEIGHT = 0.34

SURFACES = {"ink": INK, "muted": MUTED, "grid": GRID, "paper": PAPER, "panel": PANEL, "blue": BLUE}
